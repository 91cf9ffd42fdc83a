"""Preference stability: whether people choose again what they chose before."""

from collections.abc import Mapping, Sequence
from itertools import pairwise

from homeostat.evaluate.experience.clustered_share import clustered_share
from homeostat.evaluate.experience.figure import Figure


def stability(chosen: Mapping[tuple[str, str], Sequence[str]]) -> Figure:
    """Return the share of choices that repeat the one before, over people and preferences.

    `chosen` has, by person and preference, what they chose in order of time. A first choice repeats nothing
    and is not counted.
    """
    tallies: dict[str, tuple[int, int]] = {}
    for (person, _), values in chosen.items():
        same, pairs = tallies.get(person, (0, 0))
        same += sum(before == after for before, after in pairwise(values))
        tallies[person] = (same, pairs + max(len(values) - 1, 0))
    return clustered_share(tallies)
