"""Policies: which entry goes when there is no more room."""
