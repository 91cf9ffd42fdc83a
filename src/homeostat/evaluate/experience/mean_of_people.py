"""The mean of people: each counts once, however often they answered or tried."""

from collections.abc import Mapping, Sequence
from statistics import fmean

from homeostat.evaluate.experience.bounded import bounded_interval
from homeostat.evaluate.experience.figure import PEOPLE_MIN, Figure, too_few


def mean_of_people(
    answers: Mapping[str, Sequence[float]], worst: float = 0.0, best: float = 1.0, asked: int | None = None
) -> Figure:
    """Return the mean over people of the mean of what each answered or achieved, between two bounds.

    Who comes every day weighs no more than who comes once: a share over all tries would be that of whoever
    tries most. Guarantee: that of `bounded_interval`, for those who answer; of those who do not it says
    nothing, so look at the response rate.
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
