"""Tasks: how often what people set out to do is done, what goes wrong on the way, and how long it takes."""

import math
from collections import defaultdict
from collections.abc import Iterable, Sequence
from statistics import fmean, stdev

import msgspec

from homeostat.evaluate.experience.clustered_share import Tally, clustered_share
from homeostat.evaluate.experience.figure import PEOPLE_MIN, Figure, too_few
from homeostat.stats.student import quantile


class Attempt(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One try of a person at a task. `seconds` is the time from its start to its end, done or not."""

    person: str
    task: str
    at_ns: int
    seconds: float
    done: bool
    errors: int = 0
    retries: int = 0


class TaskFigures(msgspec.Struct, frozen=True):
    """How people fare with one task.

    `done` is the share of tries that were done, `clean` that of tries without an error or a retry; `errors`
    and `retries` are how many come on one try, `seconds` the geometric mean of the time of those done.
    """

    task: str
    done: Figure
    clean: Figure
    errors: Figure
    retries: Figure
    seconds: Figure


def task_figures(attempts: Iterable[Attempt]) -> tuple[TaskFigures, ...]:
    """Return how people fare with each task, the most tried first."""
    by_task: dict[str, list[Attempt]] = defaultdict(list)
    for attempt in attempts:
        by_task[attempt.task].append(attempt)
    return tuple(
        TaskFigures(
            task,
            completion(tries),
            clustered_share(_tallies(tries, [not (a.errors or a.retries) for a in tries])),
            _a_try(tries, [a.errors for a in tries]),
            _a_try(tries, [a.retries for a in tries]),
            _seconds([a for a in tries if a.done]),
        )
        for task, tries in sorted(by_task.items(), key=lambda item: (-len(item[1]), item[0]))
    )


def completion(attempts: Sequence[Attempt]) -> Figure:
    """Return the share of tries that were done."""
    return clustered_share(_tallies(attempts, [a.done for a in attempts]))


def _tallies(attempts: Sequence[Attempt], well: Sequence[bool]) -> dict[str, Tally]:
    tallies: dict[str, Tally] = {}
    for attempt, good in zip(attempts, well, strict=True):
        had, tried = tallies.get(attempt.person, (0, 0))
        tallies[attempt.person] = (had + good, tried + 1)
    return tallies


def _of_people(attempts: Sequence[Attempt], values: Sequence[float]) -> list[float]:
    """Return the mean of each person."""
    found: dict[str, list[float]] = defaultdict(list)
    for attempt, value in zip(attempts, values, strict=True):
        found[attempt.person].append(value)
    return [fmean(own) for own in found.values()]


def _a_try(attempts: Sequence[Attempt], counts: Sequence[int]) -> Figure:
    """Return how many come on a try: the mean of people's means, with Student's interval, 0 at the least."""
    means = _of_people(attempts, counts)
    if len(means) < PEOPLE_MIN:
        return too_few(len(attempts), len(means))
    mean, half = _t(means)
    return Figure(value=mean, low=max(0.0, mean - half), high=mean + half, n=len(attempts), people=len(means))


def _seconds(done: Sequence[Attempt]) -> Figure:
    """Return the geometric mean of the time, which for few tries is nearer to the median than the sample's
    own median is (Sauro and Lewis, "Average task times in usability tests", 2010)."""
    logs = _of_people(done, [math.log(max(a.seconds, 1e-3)) for a in done])
    if len(logs) < PEOPLE_MIN:
        return too_few(len(done), len(logs), what="people who did it")
    mean, half = _t(logs)
    return Figure(
        value=math.exp(mean),
        low=math.exp(mean - half),
        high=math.exp(mean + half),
        n=len(done),
        people=len(logs),
    )


def _t(values: Sequence[float]) -> tuple[float, float]:
    n = len(values)
    return fmean(values), quantile(0.975, n - 1.0) * stdev(values) / math.sqrt(n)
