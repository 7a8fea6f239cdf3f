"""Sprite sheets for games, and sets of product pictures for shops."""
