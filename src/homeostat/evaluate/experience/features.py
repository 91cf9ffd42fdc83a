"""Feature use: which share of people uses a feature at all, and how often."""

from collections.abc import Mapping

import msgspec

from homeostat.evaluate.experience.figure import PEOPLE_MIN, Figure, too_few
from homeostat.stats.wilson_interval import wilson_interval


class FeatureUse(msgspec.Struct, frozen=True):
    """A feature: the share of people who used it, how often it was used, and how often by one who does.

    Where fewer than five used it nothing is told but that: the rest would be about single people.
    """

    feature: str
    share: Figure
    uses: int | None = None
    uses_each: float | None = None


def feature_use(used: Mapping[str, Mapping[str, int]]) -> tuple[FeatureUse, ...]:
    """Return the use of each feature from how often each person used what, the most used first.

    A person who came and used nothing is there with an empty mapping.
    """
    totals: dict[str, list[int]] = {}
    for own in used.values():
        for feature, uses in own.items():
            totals.setdefault(feature, []).append(uses)
    return tuple(
        _use(feature, times, len(used))
        for feature, times in sorted(totals.items(), key=lambda item: (-len(item[1]), item[0]))
    )


def _use(feature: str, times: list[int], people: int) -> FeatureUse:
    users, uses = len(times), sum(times)
    if people < PEOPLE_MIN:
        return FeatureUse(feature, too_few(people, people))
    if users < PEOPLE_MIN:
        why = f"fewer than {PEOPLE_MIN} people used it"
        return FeatureUse(feature, Figure(value=None, low=None, high=None, n=people, people=people, why=why))
    found = wilson_interval(users, people)
    assert found is not None
    share = Figure(value=users / people, low=found.low, high=found.high, n=people, people=people)
    return FeatureUse(feature, share, uses, uses / users)
