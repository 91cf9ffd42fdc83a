"""Centrality: how much each unit of a module matters, by what it says among the others."""

from collections.abc import Sequence

from homeostat.prompts.extraction.lexrank import lexrank
from homeostat.prompts.extraction.unit import Structure, UnitKind
from homeostat.prompts.extraction.words import words

SILENT: frozenset[UnitKind] = frozenset({"close", "ruler", "code", "front matter"})
"""What has no words, or stays whatever it says."""


def centrality(structure: Structure) -> Sequence[float]:
    """Return the LexRank of each unit among those that say something; 1 is the mean, 0 says nothing."""
    spoken = [i for i, unit in enumerate(structure.units) if unit.kind not in SILENT]
    found = [0.0] * len(structure.units)
    for index, rank in zip(spoken, lexrank([words(structure.words(i)) for i in spoken]), strict=True):
        found[index] = float(rank)
    return found
