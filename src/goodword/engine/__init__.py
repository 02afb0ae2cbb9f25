"""The decision engine: pure. No I/O, no clock, no randomness; what it reads was loaded, or it raises."""
