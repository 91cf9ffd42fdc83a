"""Feedback: how people's answers come in over HTTP, the same on every server of ours, and the widget."""
