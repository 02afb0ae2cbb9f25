"""Tools for those who work on Goodword; not installed."""
