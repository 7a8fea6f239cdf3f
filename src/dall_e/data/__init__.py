"""Text, pictures and sets of both: the only part that reads and writes picture files."""
