"""Reconstruction: what was likely said where something is missing, and never as if it had been said."""
