"""Styles of pictures that are made of a finished drawing, one file for each family."""
