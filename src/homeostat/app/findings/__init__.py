"""Findings in a node: the search in a process of its own, and what is noticed while the values come in."""
