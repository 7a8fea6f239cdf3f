"""Kernels for drawing on a CPU: the only package that calls C."""
