"""Proving: arrivals as they were or as they might be, replayed against an application or a model."""
