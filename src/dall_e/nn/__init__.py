"""Parts shared by every transformer of the project: one attention, one cache, one block."""
