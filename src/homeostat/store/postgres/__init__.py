"""The store past one machine: a PostgreSQL database that several nodes share."""
