"""Alerting in a node: the file of targets, the evaluation, the outbox, the channels."""
