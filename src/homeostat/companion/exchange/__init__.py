"""Exchange: what comes in from elsewhere, and everything of a person in one archive."""
