"""Serving a prompt library: commands ready to send, from memory where that pays."""
