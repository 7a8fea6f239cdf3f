"""Composed scenes: a record, its picture and its captions."""
