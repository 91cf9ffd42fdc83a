"""The endocrine state: five levels from 0 to 1 that all controllers read."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Endocrine:
    """The levels of the hormones at one moment, each from 0 to 1."""

    dopamine: float = 0.5
    cortisol: float = 0.0
    norepinephrine: float = 0.0
    serotonin: float = 0.5
    growth: float = 0.0
