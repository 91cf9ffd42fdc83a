"""Rewriting by a model: asked for by name, told in advance what it costs, and under the same gate."""
