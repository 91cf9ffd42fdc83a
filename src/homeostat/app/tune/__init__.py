"""Tuning a command: its knobs and targets from a file, its numbers from its output."""
