"""The shape of MiniLM's graph: what those who run it need to know of it, without onnx."""

DIMENSIONS = 384
TOKENS_MAX = 256
"""Longer texts are cut: the model was trained on no longer ones."""

IDS = "ids"
VECTORS = "vectors"
