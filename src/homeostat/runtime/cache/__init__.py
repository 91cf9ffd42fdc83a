"""The tiered cache: memory, Redis and a database, with one load for all who ask at once."""
