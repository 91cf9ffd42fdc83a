"""Feature use: which share of people uses a feature at all, and how often."""

from collections.abc import Mapping

import msgspec

from homeostat.evaluate.experience.figure import PEOPLE_MIN, Figure, too_few
from homeostat.stats.wilson_interval import wilson_interval


class FeatureUse(msgspec.Struct, frozen=True):
    """A feature: the share of people who used it, and how often those did."""

    feature: str
    share: Figure
    uses_each: float | None


def feature_use(used: Mapping[str, Mapping[str, int]]) -> tuple[FeatureUse, ...]:
    """Return the use of each feature from how often each person used what, the most used first.

    A person who came and used nothing is there with an empty mapping.
    """
    people = len(used)
    totals: dict[str, list[int]] = {}
    for own in used.values():
        for feature, uses in own.items():
            totals.setdefault(feature, []).append(uses)
    made = []
    for feature, times in sorted(totals.items(), key=lambda item: (-len(item[1]), item[0])):
        users, n = len(times), sum(times)
        found = wilson_interval(users, people)
        if people < PEOPLE_MIN or found is None:
            made.append(FeatureUse(feature, too_few(n, people), None))
            continue
        share = Figure(value=users / people, low=found.low, high=found.high, n=n, people=people)
        made.append(FeatureUse(feature, share, n / users if users >= PEOPLE_MIN else None))
    return tuple(made)
