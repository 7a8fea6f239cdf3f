"""What a model can do, as numbers with intervals and the pictures beside them; see suite.py."""
