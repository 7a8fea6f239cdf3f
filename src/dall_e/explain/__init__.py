"""Explanations: which word drew what, how sure the model was, and what else it could have drawn."""
