"""Emotion: what a text feels like along its way, and how much of it is distress."""
