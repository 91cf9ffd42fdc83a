"""Prompt libraries: what they hold, what they cost, and what of it is used."""
