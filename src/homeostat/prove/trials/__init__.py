"""Trials: the application with a change against the one without, decided at any look."""
