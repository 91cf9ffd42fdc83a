"""Targets: what is expected, in a small language, and the verdict on what was measured."""
