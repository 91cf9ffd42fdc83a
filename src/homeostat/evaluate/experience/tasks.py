"""Tasks: how often what people set out to do is done, what goes wrong on the way, and how long it takes."""

import math
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from statistics import fmean, stdev, variance

import msgspec

from homeostat.evaluate.experience.figure import PEOPLE_MIN, Figure, too_few
from homeostat.evaluate.experience.mean_of_people import mean_of_people
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
    """How people fare with one task, each person counted once, whether they try daily or tried once.

    `done` is the share of a person's tries that were done, `clean` that of tries without an error or a retry;
    `errors` and `retries` are how many come on one try, `seconds` the geometric mean of the time of those
    done.
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
            mean_of_people(_by_person(tries, lambda a: not (a.errors or a.retries))),
            _a_try(_by_person(tries, lambda a: a.errors)),
            _a_try(_by_person(tries, lambda a: a.retries)),
            _seconds([a for a in tries if a.done]),
        )
        for task, tries in sorted(by_task.items(), key=lambda item: (-len(item[1]), item[0]))
    )


def completion(attempts: Iterable[Attempt]) -> Figure:
    """Return the share of a person's tries that were done, each person counted once."""
    return mean_of_people(_by_person(attempts, lambda a: a.done))


def _by_person(attempts: Iterable[Attempt], value: Callable[[Attempt], float]) -> dict[str, list[float]]:
    found: dict[str, list[float]] = defaultdict(list)
    for attempt in attempts:
        found[attempt.person].append(value(attempt))
    return found


def _a_try(counts: Mapping[str, Sequence[float]]) -> Figure:
    """Return how many come on a try: the mean of people's means.

    The interval is the score interval of a Poisson rate over as many tries as the means are worth by their
    variance, which is never less than that of as many independent tries; where none came at all, people are
    what counts. Guarantee: simulated with people who differ (gamma, with a spread up to 1.7 times the mean)
    it covers in at least 87% of cases, with a spread as large as the mean in 92%; Student's in 76%
    (docs/decisions/0087).
    """
    means = [fmean(own) for own in counts.values()]
    people, n = len(means), sum(len(own) for own in counts.values())
    if people < PEOPLE_MIN:
        return too_few(n, people)
    mean = fmean(means)
    worth = mean / max(variance(means) / people, mean / n) if mean else float(people)
    t = quantile(0.975, people - 1.0)
    centre = mean + t * t / worth / 2
    half = t * math.sqrt(mean / worth + (t / worth / 2) ** 2)
    return Figure(value=mean, low=max(0.0, centre - half), high=centre + half, n=n, people=people)


def _seconds(done: Sequence[Attempt]) -> Figure:
    """Return the geometric mean of the time, which for few tries is nearer to the median than the sample's
    own median is (Sauro and Lewis, "Average task times in usability tests", 2010).

    The interval is Student's on the logarithms: it holds where those are about normal among people.
    """
    logs = [fmean(own) for own in _by_person(done, lambda a: math.log(max(a.seconds, 1e-3))).values()]
    people = len(logs)
    if people < PEOPLE_MIN:
        return too_few(len(done), people, what="people who did it")
    mean = fmean(logs)
    half = quantile(0.975, people - 1.0) * stdev(logs) / math.sqrt(people)
    return Figure(
        value=math.exp(mean),
        low=math.exp(mean - half),
        high=math.exp(mean + half),
        n=len(done),
        people=people,
    )
