"""Loops: what the loops of applications do, and the orders that people give them."""
