"""Evaluating: what an application says is judged, by a sample, beside its requests."""
