"""Thumbs: which share of a person's thumbs points up."""

from collections.abc import Mapping, Sequence

from homeostat.evaluate.experience.figure import Figure
from homeostat.evaluate.experience.mean_of_people import mean_of_people


def thumbs_up(answers: Mapping[str, Sequence[float]], asked: int | None = None) -> Figure:
    """Return the share of thumbs that point up (1; down is 0), each person counted once."""
    return mean_of_people(answers, asked=asked)
