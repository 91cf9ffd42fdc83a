"""The learning curve: how much faster people get at a task by doing it, as the power law of practice."""

import math
from collections import defaultdict
from collections.abc import Iterable

import msgspec
import numpy as np
from numpy.typing import NDArray

from homeostat.evaluate.experience.figure import PEOPLE_MIN, Figure, too_few
from homeostat.evaluate.experience.tasks import Attempt
from homeostat.stats.not_known import NotKnown
from homeostat.stats.student import quantile

POINTS_MAX = 30
"""Repetitions that are drawn."""

Floats = NDArray[np.float64]


class Practised(msgspec.Struct, frozen=True):
    """What a number of repetitions came to: the geometric mean of the time, and of how many people."""

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


def learning_curve(task: str, attempts: Iterable[Attempt]) -> LearningCurve | NotKnown:
    """Return how the time of a task shrinks with practice, or NotKnown with how many people are missing.

    A line through the logarithms of time and of the number of the try (Newell and Rosenbloom, 1981), each
    person with a level of their own: so slow people who give up early do not pass for learning. Tries count
    that were done; their number is counted over all tries that are given.

    Guarantee: simulated with people of different level and different learning, 8 to 60 of them with 3 to 15
    tries, the interval covers the mean exponent in at least 92% of cases (docs/decisions/0087): it is the
    jackknife over people. Cost: O(n). Does not hold where tries before these are unknown, or where people
    try again because the task changed.
    """
    numbers, logs, whose = _tries(attempts)
    used = [i for i, own in enumerate(whose) if own[1] - own[0] > 1]
    people, n = len(used), sum(whose[i][1] - whose[i][0] for i in used)
    if people < PEOPLE_MIN:
        return NotKnown(too_few(n, people, what="people who did it twice").why)
    within = [(numbers[a:b] - numbers[a:b].mean(), logs[a:b] - logs[a:b].mean()) for a, b in whose]
    squares = np.array([float(x @ x) for x, _ in within])
    crosses = np.array([float(x @ y) for x, y in within])
    slope = float(crosses.sum() / squares.sum())
    each = np.array(used)
    without = (crosses.sum() - crosses[each]) / (squares.sum() - squares[each])
    variance = (people - 1) / people * float(((without - slope) ** 2).sum())
    half = quantile(0.975, people - 1.0) * math.sqrt(variance)
    level = float(np.mean([(logs[a:b] - slope * numbers[a:b]).mean() for a, b in whose]))
    saved = Figure(
        value=1.0 - 2.0**slope,
        low=1.0 - 2.0 ** (slope + half),
        high=1.0 - 2.0 ** (slope - half),
        n=n,
        people=people,
    )
    return LearningCurve(task, -slope, math.exp(level), saved, _points(numbers, logs))


def _tries(attempts: Iterable[Attempt]) -> tuple[Floats, Floats, list[tuple[int, int]]]:
    """Return the logarithms of number and time of tries that were done, and where each person's are."""
    of: dict[str, list[Attempt]] = defaultdict(list)
    for attempt in attempts:
        of[attempt.person].append(attempt)
    numbers: list[float] = []
    logs: list[float] = []
    whose: list[tuple[int, int]] = []
    for tries in of.values():
        begin = len(numbers)
        for number, attempt in enumerate(sorted(tries, key=lambda a: a.at_ns), start=1):
            if attempt.done and attempt.seconds > 0.0:
                numbers.append(math.log(number))
                logs.append(math.log(attempt.seconds))
        if len(numbers) > begin:
            whose.append((begin, len(numbers)))
    return np.array(numbers), np.array(logs), whose


def _points(numbers: Floats, logs: Floats) -> tuple[Practised, ...]:
    which = np.rint(np.exp(numbers)).astype(int)
    found = []
    for number in range(1, min(int(which.max()), POINTS_MAX) + 1):
        own = logs[which == number]
        if own.size >= PEOPLE_MIN:
            found.append(Practised(number, math.exp(float(own.mean())), int(own.size)))
    return tuple(found)
