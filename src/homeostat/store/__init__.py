"""Keeping what was observed: the embedded store, one SQLite file."""
