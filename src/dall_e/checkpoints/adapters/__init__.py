"""One table per foreign project: its names to ours."""
