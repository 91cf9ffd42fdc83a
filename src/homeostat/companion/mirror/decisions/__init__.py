"""Decisions: what a person chose in which context, and what they would likely choose next."""
