"""Endpoints: models elsewhere, asked over the API that OpenAI's clients speak."""
