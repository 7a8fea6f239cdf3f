"""Pictures as files and as arrays."""
