"""Ratings: how content people are, on a scale from 1 to 10."""

from collections.abc import Mapping, Sequence
from statistics import fmean

from homeostat.evaluate.experience.bounded import bounded_interval
from homeostat.evaluate.experience.figure import PEOPLE_MIN, Figure, too_few

WORST, BEST = 1.0, 10.0


def mean_of_people(
    answers: Mapping[str, Sequence[float]], worst: float, best: float, asked: int | None = None
) -> Figure:
    """Return the mean over people, each counted once with the mean of their answers.

    Who answers every day weighs no more than who answers once. Guarantee: that of `bounded_interval`, for
    those who answer; of those who do not it says nothing, so look at the response rate.
    """
    means = [fmean(given) for given in answers.values() if given]
    n = sum(len(given) for given in answers.values())
    if len(means) < PEOPLE_MIN:
        return too_few(n, len(means), asked)
    found = bounded_interval(means, worst, best)
    assert found is not None
    reach = best - worst
    return Figure(
        value=fmean(means),
        low=worst + reach * found.low,
        high=worst + reach * found.high,
        n=n,
        people=len(means),
        asked=asked,
    )


def satisfaction(answers: Mapping[str, Sequence[float]], asked: int | None = None) -> Figure:
    """Return how content people are, from 1 to 10."""
    return mean_of_people(answers, WORST, BEST, asked)
