"""Kernels for drawing on a CPU: the only place that calls C."""
