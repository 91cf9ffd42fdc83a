"""Ingest: bytes from outside (OTLP, Prometheus) become batches. No sockets, no threads of its own."""
