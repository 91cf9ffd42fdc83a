"""The learning curve: how much faster people get at a task by doing it, as the power law of practice."""

import math
from collections import defaultdict
from collections.abc import Iterable

import msgspec
import numpy as np
from numpy.typing import NDArray

from homeostat.evaluate.experience.beginning import begins_here
from homeostat.evaluate.experience.figure import PEOPLE_MIN, Figure, too_few
from homeostat.evaluate.experience.tasks import Attempt
from homeostat.stats.not_known import NotKnown
from homeostat.stats.student import quantile

POINTS_MAX = 30
"""Repetitions that are drawn."""

WEIGHT_MAX = 2.0
"""How many times as much as the middle person's line one counts at most."""

Floats = NDArray[np.float64]


class Practised(msgspec.Struct, frozen=True):
    """What a number of repetitions came to, and for how many people.

    `seconds` is the geometric mean of their times, each as far from the middle as that person's time is from
    their own level: so the points do not fall because the slow ones gave up.
    """

    number: int
    seconds: float
    people: int


class LearningCurve(msgspec.Struct, frozen=True):
    """The time of a person's n-th try is `first_s` times n to the power of `-exponent`.

    `saved` is the share of the time that each doubling of practice saves, negative where people get slower.
    """

    task: str
    exponent: float
    first_s: float
    saved: Figure
    points: tuple[Practised, ...]

    def seconds(self, number: int) -> float:
        """Return the time that the n-th try takes a person of the middle."""
        return float(self.first_s * number**-self.exponent)


def learning_curve(task: str, attempts: Iterable[Attempt], since_ns: int = 0) -> LearningCurve | NotKnown:
    """Return how the time of a task shrinks with practice, or NotKnown with how many people are missing.

    A line through the logarithms of time and of the number of the try (Newell and Rosenbloom, 1981), each
    person with a level of their own: so slow people who give up early do not pass for learning. A person's
    own line weighs by how far it reaches, and no more than twice the middle one's: so who tries most does
    not stand for all. Tries count that were done; their number is counted over all tries that are given.
    Whoever tried before `since_ns`, from when on tries are kept, or may have, is left out (`begins_here`).

    Guarantee: simulated with people of different level and different learning, 5 to 60 of them with 3 to 300
    tries, the interval covers the mean exponent in at least 92% of cases (docs/decisions/0087): it is the
    jackknife over people. Cost: O(n). Does not hold where people try again because the task changed.
    """
    numbers, logs, whose = _tries(attempts, since_ns)
    used = [(a, b) for a, b in whose if b - a > 1]
    people, n = len(used), sum(b - a for a, b in used)
    if people < PEOPLE_MIN:
        return NotKnown(too_few(n, people, what="people who did it twice and whose first try is kept").why)
    reaches, own = np.array([_line(numbers[a:b], logs[a:b]) for a, b in used]).T
    weights = np.minimum(reaches, WEIGHT_MAX * float(np.median(reaches)))
    slope = float(weights @ own / weights.sum())
    without = (weights @ own - weights * own) / (weights.sum() - weights)
    half = quantile(0.975, people - 1.0) * math.sqrt(
        (people - 1) / people * float(((without - slope) ** 2).sum())
    )
    saved = Figure(
        value=1.0 - 2.0**slope,
        low=1.0 - 2.0 ** (slope + half),
        high=1.0 - 2.0 ** (slope - half),
        n=n,
        people=people,
    )
    levels = np.array([(logs[a:b] - slope * numbers[a:b]).mean() for a, b in whose])
    middle = float(levels.mean())
    at_the_middle = logs - np.repeat(levels - middle, [b - a for a, b in whose])
    return LearningCurve(task, -slope, math.exp(middle), saved, _points(numbers, at_the_middle))


def _tries(attempts: Iterable[Attempt], since_ns: int) -> tuple[Floats, Floats, list[tuple[int, int]]]:
    """Return the logarithms of number and time of tries that were done, and where each person's are."""
    of: dict[str, list[Attempt]] = defaultdict(list)
    for attempt in attempts:
        of[attempt.person].append(attempt)
    numbers: list[float] = []
    logs: list[float] = []
    whose: list[tuple[int, int]] = []
    for tries in of.values():
        tries.sort(key=lambda a: a.at_ns)
        if not begins_here(tries[0].at_ns, since_ns):
            continue
        begin = len(numbers)
        for number, attempt in enumerate(tries, start=1):
            if attempt.done and attempt.seconds > 0.0:
                numbers.append(math.log(number))
                logs.append(math.log(attempt.seconds))
        if len(numbers) > begin:
            whose.append((begin, len(numbers)))
    return np.array(numbers), np.array(logs), whose


def _line(x: Floats, y: Floats) -> tuple[float, float]:
    """Return the sum of squares of `x` about its mean, and the slope of `y` over it."""
    apart = x - x.mean()
    reach = float(apart @ apart)
    return reach, float(apart @ y) / reach


def _points(numbers: Floats, logs: Floats) -> tuple[Practised, ...]:
    which = np.rint(np.exp(numbers)).astype(int)
    found = []
    for number in range(1, min(int(which.max()), POINTS_MAX) + 1):
        own = logs[which == number]
        if own.size >= PEOPLE_MIN:
            found.append(Practised(number, math.exp(float(own.mean())), int(own.size)))
    return tuple(found)
