"""Losses: tensors in, a scalar and a dict of detached parts out. They know no network."""
