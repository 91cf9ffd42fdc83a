"""Authorship: whether two sets of messages were written by the same hand."""
