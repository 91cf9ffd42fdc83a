"""Judges elsewhere: models behind endpoints that score or flag a text, as evaluators like ours."""
