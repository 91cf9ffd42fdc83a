"""Retention: who came back, by the week in which they first came."""

from collections.abc import Mapping, Sequence

import msgspec

from homeostat.core.clock import DAY_NS
from homeostat.evaluate.experience.beginning import WEEK_NS, begins_here
from homeostat.evaluate.experience.figure import PEOPLE_MIN, Figure, too_few
from homeostat.stats.wilson_interval import wilson_interval

MONDAY_NS = 4 * DAY_NS
"""The first Monday after the epoch, from which weeks are counted."""

WEEKS_MAX = 12


class Cohort(msgspec.Struct, frozen=True):
    """People who first came in one week. `weeks[k]` is who was there k + 1 weeks after their first visit.

    A week is None until it has passed for all of them.
    """

    start_ns: int
    people: int
    weeks: tuple[Figure | None, ...]


class Retention(msgspec.Struct, frozen=True):
    """The cohorts, oldest first, and `returned`: of all who could, who came in their second week."""

    cohorts: tuple[Cohort, ...]
    returned: Figure


def retention(visits: Mapping[str, Sequence[int]], now_ns: int, since_ns: int = 0) -> Retention:
    """Return who came back, from the times of each person's visits.

    Weeks are each person's own, counted from their first visit. Whoever may have come before `since_ns`,
    from when on visits are kept, is left out (`begins_here`).

    Guarantee: Wilson's, for people who do not come because others do.
    """
    firsts = {p: min(times) for p, times in visits.items() if times}
    begun = {p: first for p, first in firsts.items() if begins_here(first, since_ns)}
    there = {p: {(at - begun[p]) // WEEK_NS for at in visits[p]} for p in begun}
    by_week: dict[int, list[str]] = {}
    for person, first in begun.items():
        by_week.setdefault((first - MONDAY_NS) // WEEK_NS, []).append(person)
    cohorts = []
    for week, people in sorted(by_week.items())[-WEEKS_MAX:]:
        latest = max(begun[p] for p in people)
        passed = min((now_ns - latest) // WEEK_NS, WEEKS_MAX)
        shares = tuple(
            _share([k in there[p] for p in people]) if k < passed else None
            for k in range(1, max(2, min((now_ns - min(begun[p] for p in people)) // WEEK_NS, WEEKS_MAX)))
        )
        cohorts.append(Cohort(MONDAY_NS + week * WEEK_NS, len(people), shares))
    full = [1 in there[p] for p, first in begun.items() if first + 2 * WEEK_NS <= now_ns]
    return Retention(tuple(cohorts), _share(full))


def _share(came: Sequence[bool]) -> Figure:
    n = len(came)
    if n < PEOPLE_MIN:
        return too_few(n, n)
    found = wilson_interval(sum(came), n)
    assert found is not None
    return Figure(value=sum(came) / n, low=found.low, high=found.high, n=n, people=n)
