"""Replies: which of some replies a person would likely give, and writing one in their voice."""
