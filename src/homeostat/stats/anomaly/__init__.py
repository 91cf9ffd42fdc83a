"""Streaming anomaly detection: small detectors ('columns') with one question each, and one score of them all."""
