"""Benchmarks: one file a question, peers in the same run. `python -m benchmarks` prints them all."""
