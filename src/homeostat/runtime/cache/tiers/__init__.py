"""Tiers behind memory: Redis, and a table in SQLite or PostgreSQL."""
