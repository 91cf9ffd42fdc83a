"""Homeostat: the performance system for LLM applications."""

from homeostat.core.errors import HomeostatError
from homeostat.loop.homeostat import Homeostat

__all__ = ["Homeostat", "HomeostatError"]
