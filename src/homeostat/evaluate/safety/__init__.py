"""The guard: what a text holds that its audience should not be shown, how bad it is, and what may be shown."""
