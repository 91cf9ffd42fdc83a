"""Search: which configuration to try next, and which of those tried is best."""
