"""Text to ids, and tables of words."""
