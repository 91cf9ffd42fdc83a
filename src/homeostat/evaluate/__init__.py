"""Evaluate: judges of what an application says, and the guard: quality and safety as metrics."""
