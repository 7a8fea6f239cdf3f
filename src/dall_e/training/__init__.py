"""One loop that knows no stage, and one file per stage."""
