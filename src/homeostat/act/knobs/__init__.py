"""Knobs: what an application declares, reads and lets be set, here or in another process."""
