"""Comparisons: two recordings held against each other."""
