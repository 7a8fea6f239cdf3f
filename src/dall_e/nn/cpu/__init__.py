"""Kernels for drawing on a CPU: the only position that calls C."""
