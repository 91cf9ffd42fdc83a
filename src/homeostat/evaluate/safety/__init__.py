"""The guard: what a text holds that an audience should be spared, how bad it is, what may be shown."""
