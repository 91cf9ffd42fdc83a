"""Export: batches leave for a server, as OTLP over HTTP."""
