"""The embedded store: one encrypted SQLite file a person, and one of names and wrapped keys."""
