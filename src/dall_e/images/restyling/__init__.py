"""A style that is found in a few pictures, and drawings redrawn in it."""
