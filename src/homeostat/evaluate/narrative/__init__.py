"""Narrative: whether a passage hangs together, from one segment to the next and as a whole."""
