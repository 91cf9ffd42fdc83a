"""Findings: what happened to the metrics, looked for in their lines."""
