"""The embedded back-end: a leased queue in one SQLite file, for any number of processes of one machine."""
