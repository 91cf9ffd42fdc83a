"""Extraction, with loss and only where it is asked for: what a module may go without, and what it may not."""
