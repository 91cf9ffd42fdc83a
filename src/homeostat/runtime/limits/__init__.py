"""Limits: what keeps an application and what it calls from being asked for more than they can give."""
