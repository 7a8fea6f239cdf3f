"""Pictures that exist are changed: a part redrawn, the canvas enlarged, a picture varied."""
