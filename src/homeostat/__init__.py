"""Homeostat: the performance system for LLM applications."""
