"""The genome: configurations as points, and how children are made of parents."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Breeding:
    """How children differ from their parents.

    `blend` is the share of children on or near the line through two parents, `differ` that of children
    moved by the difference of two others, which follows the shape of the population in any direction
    (Storn and Price, Journal of Global Optimization 11, 1997); the rest take each gene from either parent.
    Genes mutate by a share of the population's own spread, so that steps shrink as it closes in.
    """

    blend: float = 0.35
    differ: float = 0.35
    mutated: float = 0.3
    spread_min: float = 0.004


def children(
    parents: Floats,
    population: Floats,
    unordered: NDArray[np.bool_],
    rng: np.random.Generator,
    breeding: Breeding | None = None,
) -> Floats:
    """Return a child for each pair of parents (count, 2, genes), within 0 to 1.

    `unordered` marks genes that are copied or drawn anew, since between their values lies nothing.
    """
    how = breeding or Breeding()
    count, _, genes = parents.shape
    first, second = parents[:, 0], parents[:, 1]
    either = np.where(rng.random((count, genes)) < 0.5, first, second)
    along = first + rng.uniform(-0.3, 1.3, (count, 1)) * (second - first)
    ends = population[rng.integers(0, len(population), (count, 2))]
    moved = first + rng.uniform(0.2, 1.0, (count, 1)) * (ends[:, 0] - ends[:, 1])
    kind = rng.random((count, 1))
    numbers = np.where(kind < how.blend, along, np.where(kind < how.blend + how.differ, moved, either))
    child = np.where(unordered, either, numbers)
    return _mutated(child, population, unordered, rng, how)


def _mutated(
    child: Floats,
    population: Floats,
    unordered: NDArray[np.bool_],
    rng: np.random.Generator,
    how: Breeding,
) -> Floats:
    count, genes = child.shape
    chosen = rng.random((count, genes)) < max(how.mutated, 1.0 / genes)
    spread = np.maximum(population.std(axis=0), how.spread_min) * 10 ** rng.uniform(-1.0, 0.5, (count, 1))
    numbers = child + spread * rng.normal(size=(count, genes))
    anew = rng.random((count, genes))
    redrawn = rng.random((count, genes)) < 1.0 / genes
    mutated = np.where(unordered, np.where(redrawn, anew, child), np.where(chosen, numbers, child))
    return _reflected(mutated)


def _reflected(points: Floats) -> Floats:
    """Fold what lies outside back from the border, so that borders draw no crowd."""
    inside = np.where(points < 0, -points, np.where(points > 1, 2 - points, points))
    return np.clip(inside, 0.0, 1.0)
