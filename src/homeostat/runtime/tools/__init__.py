"""Calls of tools that depend on one another, run side by side as far as that helps."""
