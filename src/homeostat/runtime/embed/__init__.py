"""Embedders: what turns texts into vectors in which near means alike. None is needed."""
