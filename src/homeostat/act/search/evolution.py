"""Evolution: a population of configurations, whose fitness is believed only as far as it was measured."""

import math
from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from homeostat.act.search.front import crowding, front, ranks
from homeostat.act.search.genome import children
from homeostat.act.search.search import Measured, Pick
from homeostat.act.search.space import Space
from homeostat.act.search.surrogate import Belief, Surrogate
from homeostat.core.errors import ConfigError
from homeostat.core.knob import Configuration, Knob

Floats = NDArray[np.float64]

POPULATION = 24
BROOD = 80
"""Children that are bred for each one that is measured; a model picks it."""

STRANGERS = 16
"""Configurations drawn anywhere that each brood has beside its children."""

REMEASURED_EVERY = 6
CONFIRMED = 0.1
"""Share of the evaluations at the end that measure the best again."""

REFITTED_EVERY = 10
HOPE = 2.0
"""A child is judged by so many standard deviations below what is believed of it; the mean of a draw."""


class Evolution:
    """An evolutionary search for noisy objectives, one or several, with targets.

    Tournament, crossover and mutation breed a brood; of it the child is measured of which a Gaussian process
    over all measurements hopes most. The fitness of the population is the process's mean, so that the
    lucky do not survive; the elite is measured again. Cost: 20 ms an evaluation at 200 of them.
    Does not hold for hundreds of knobs, nor for thousands of evaluations: there use Optuna's CMA-ES.
    """

    def __init__(
        self,
        knobs: Mapping[str, Knob],
        rng: np.random.Generator,
        *,
        evaluations: int = 500,
        population: int = POPULATION,
    ) -> None:
        """Start with the default, then with configurations spread evenly; `evaluations` is the budget."""
        if population < 4 or evaluations < 1:
            raise ConfigError(
                f"evolution needs a population of 4 or more and a budget, not {population} and {evaluations}"
            )
        self.space = Space(knobs)
        self._rng = rng
        self._evaluations = evaluations
        self._size = population
        self._surrogate = Surrogate(self.space.features)
        first = max(self.space.size + 2, min(2 * self.space.size + 4, evaluations // 5))
        spread = self.space.snapped(self.space.filling(first, rng))
        self._start = [self.space.point(self.space.default), *rng.permutation(spread)]

    def ask(self) -> Configuration:
        """Return a child, an elite that is to be measured again, or one of the first."""
        told = len(self._surrogate)
        if told < len(self._start):
            return self.space.at(self._start[told])
        self._surrogate.refit(6 if told % REFITTED_EVERY == 0 else 0)
        if told >= (1.0 - CONFIRMED) * self._evaluations or told % REMEASURED_EVERY == 0:
            return self.space.at(self._elite())
        return self.space.at(self._child())

    def tell(self, configuration: Configuration, measured: Measured) -> None:
        """Learn what a configuration measured."""
        self._surrogate.add(self.space.snapped(self.space.point(configuration)[None])[0], measured)

    def best(self) -> tuple[Pick, ...]:
        """Return the front of what was tried, by what is believed of it."""
        if not len(self._surrogate):
            return ()
        self._surrogate.refit_from_scratch()
        tried, counts = self._surrogate.tried()
        belief = self._surrogate.believe(tried)
        return tuple(
            Pick(
                self.space.at(tried[i]),
                tuple(self._surrogate.unscaled(k, float(v)) for k, v in enumerate(belief.objectives[:, i])),
                None,
                int(counts[i]),
            )
            for i in _distinct(belief)
        )

    def _elite(self) -> Floats:
        """Return which of those tried is to be measured again: the one of which most is hoped."""
        tried, _ = self._surrogate.tried()
        belief = self._surrogate.believe(tried)
        found: Floats = tried[self._most_hopeful(belief)]
        return found

    def _child(self) -> Floats:
        tried, _ = self._surrogate.tried()
        belief = self._surrogate.believe(tried)
        order = _order(belief)[: self._size]
        population = tried[order]
        pairs = self._tournament(len(population), (BROOD, 2))
        bred = children(population[pairs], population, self.space.unordered, self._rng)
        strangers = self._rng.random((STRANGERS, self.space.size))
        brood = self.space.snapped(np.concatenate([bred, strangers]))
        found: Floats = brood[self._most_hopeful(self._surrogate.believe(brood))]
        return found

    def _tournament(self, size: int, shape: tuple[int, ...]) -> NDArray[np.intp]:
        """Return winners of pairs; the population stands in order, so the lower index wins."""
        found: NDArray[np.intp] = self._rng.integers(0, size, (2, *shape)).min(axis=0)
        return found

    def _most_hopeful(self, belief: Belief) -> int:
        """Return which may be best, by a standard deviation; of several objectives by drawn weights."""
        hoped = belief.objectives - self._rng.exponential(HOPE) * belief.objectives_sd
        if len(hoped) > 1:
            weights = self._rng.dirichlet(np.ones(len(hoped)))[:, None]
            low, high = hoped.min(axis=1, keepdims=True), hoped.max(axis=1, keepdims=True)
            shares = weights * (hoped - low) / np.maximum(high - low, 1e-12)
            hoped = shares.max(axis=0, keepdims=True) + 0.05 * shares.sum(axis=0, keepdims=True)
        broken = np.maximum(belief.targets, 0.0).sum(axis=0)
        likely = broken <= (broken.min() if broken.size else 0.0)
        return int(np.where(likely, hoped[0], math.inf).argmin())


def _distinct(belief: Belief) -> list[int]:
    """Return the front of what holds the targets, without rows that gain nothing that matters.

    What matters is a standard deviation of the belief: without that, noise in the second objective would
    keep many configurations that are worse in the first.
    """
    values, least = belief.objectives.T, belief.objectives_sd.T
    found = [i for i in front(values, belief.broken) if belief.broken[i] == 0]
    kept: list[int] = []
    for i in sorted(found, key=lambda row: float(values[row].sum())):
        gains = values[kept] - values[i] - least[i]
        if not kept or (gains > 0).any(axis=1).all():
            kept.append(i)
    return sorted(kept, key=lambda row: float(values[row, 0]))


def _order(belief: Belief) -> NDArray[np.intp]:
    """Return the rows from the fittest on: by front, then by room on it."""
    values = belief.objectives.T
    if values.shape[1] == 1:
        return np.lexsort((values[:, 0], belief.broken))
    fronts = ranks(values, belief.broken)
    room = np.zeros(len(values))
    for number in range(int(fronts.max()) + 1):
        here = np.flatnonzero(fronts == number)
        room[here] = crowding(values[here])
    return np.lexsort((-room, fronts))
