"""What the project is measured by; `python -m benchmarks NAME` prints a table and writes JSON.

A benchmark asserts nothing: how fast anything is, is for people to read.
"""
