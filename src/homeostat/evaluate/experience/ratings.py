"""Ratings: how content people are, on a scale from 1 to 10."""

from collections.abc import Mapping, Sequence

from homeostat.evaluate.experience.figure import Figure
from homeostat.evaluate.experience.mean_of_people import mean_of_people

WORST, BEST = 1.0, 10.0


def satisfaction(answers: Mapping[str, Sequence[float]], asked: int | None = None) -> Figure:
    """Return how content people are, from 1 to 10."""
    return mean_of_people(answers, WORST, BEST, asked)
