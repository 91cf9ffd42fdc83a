"""Alerts: what the rules say at one moment, and what of it is told to whom."""
