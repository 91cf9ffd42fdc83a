"""Pools: threads, processes and connections that are shared, as many as a knob says at a time."""
