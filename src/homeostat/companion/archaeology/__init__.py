"""Archaeology: how a person talks, when, what comes and goes in it, where something is missing, and what."""
