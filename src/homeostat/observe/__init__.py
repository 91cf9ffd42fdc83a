"""Observing: recorders, operations, collectors, the metric catalogue, ingest of OTLP and Prometheus."""
