"""One module a published project: how its files look and what they mean."""
