"""The demo: a small real assistant under load, with the server that watches it, on this machine alone."""
