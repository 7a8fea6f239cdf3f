"""What a model can do, as numbers with intervals and the images beside them; see suite.py."""
