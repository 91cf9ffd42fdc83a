"""Consistency: whether what a passage says of time, of its author and of others can all be so."""
