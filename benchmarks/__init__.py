"""What the project is measured by: `python -m benchmarks NAME` prints a table, writes JSON and
asserts nothing."""
