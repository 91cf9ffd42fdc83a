"""Collectors: what the process and the machine use, once an interval, each at a measured cost."""
