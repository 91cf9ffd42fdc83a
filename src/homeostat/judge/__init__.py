"""Judging: what was measured, held against its limits, in words that all surfaces share."""
