"""Measurements of the real thing, against what the machine can do: `make bench`, or `python -m bench`."""
