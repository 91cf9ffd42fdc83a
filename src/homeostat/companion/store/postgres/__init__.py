"""The people of a PostgreSQL database: rows under row-level security, sealed with a key for each person."""
