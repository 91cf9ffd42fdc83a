"""Faults for tests: a network that misbehaves, a process killed, a disk that is full, a clock that jumps."""
