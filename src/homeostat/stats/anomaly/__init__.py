"""Streaming anomaly detection: small detectors ('columns'), one question each, and one score of them."""
