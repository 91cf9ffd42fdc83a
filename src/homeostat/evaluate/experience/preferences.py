"""Preference stability: whether people choose again what they chose before."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from itertools import pairwise

from homeostat.evaluate.experience.figure import Figure
from homeostat.evaluate.experience.mean_of_people import mean_of_people


def stability(chosen: Mapping[tuple[str, str], Sequence[str]]) -> Figure:
    """Return the share of a person's choices that repeat the one before, each person counted once.

    `chosen` has, by person and preference, what they chose in order of time. A first choice repeats nothing
    and is not counted.
    """
    repeated: dict[str, list[bool]] = defaultdict(list)
    for (person, _), values in chosen.items():
        repeated[person].extend(before == after for before, after in pairwise(values))
    return mean_of_people(repeated)
