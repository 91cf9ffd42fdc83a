"""The safe tuner: lowers a cost by trying only what it believes to hold the targets."""

import math
from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from homeostat.act.search.search import Measured, Pick
from homeostat.act.search.space import Space, grid
from homeostat.act.search.surrogate import STEPS, Belief, Surrogate, normal_cdf
from homeostat.core.errors import ConfigError, InputError
from homeostat.core.knob import Choices, Configuration, Knob

Floats = NDArray[np.float64]
Mask = NDArray[np.bool_]

CAUTION = 1.6
"""A point is tried where each target is believed to hold by so many standard deviations."""

EXCESS_FREE, EXCESS_WEIGHT, EXCESS_MAX = 0.05, 0.6, 4.0
"""Measurements beyond a target that were not foreseen are counted (a CUSUM, less what is free a step); by
their number times the weight the tuner grows more cautious: its model is wrong there."""

PICKED = 1.645
"""The same for what is picked: 95%."""

REACH = 0.35
"""What is tried lies at most that share of a knob's range from something proven, and its `step_max`; of
choices, which have no near and far, any may be tried."""

DEFAULTS_FIRST = 2
WIDENED_EVERY = 3
"""Every so many evaluations one goes to widening what is believed safe; the others to lower cost."""

HOPE = 2.0
"""A goal beyond what is safe is as cheap as it may be: so many standard deviations below what is believed."""

GOALS = 60
GAIN_MIN = 0.1
"""A widening has to take away at least that share of what is unknown of its goal; else cost is lowered."""

CONFIRMED = 0.15
"""Share of the evaluations, the last ones, that measure what would be picked again."""

LOCAL, FAR = 600, 300
"""Candidates about what is proven, and anywhere."""

REFIT_ALWAYS, REFIT_EVERY = 12, 4
"""Kernels are fitted after each of the first measurements, then after every few."""


class SafeTuner:
    """A search that begins at the default and moves only where it believes the targets to hold.

    A Gaussian process over the knobs each for the cost and for each target says what is believed. Three
    things take turns: the safe point with the greatest expected improvement; the safe point from which most
    is learned of unsafe-looking ones that might be cheap (widening, by proof); at the end the cheapest is
    replayed until it is sure or another one is cheaper. Without targets it is Bayesian optimisation.

    Guarantee: none; each try is believed safe at 94.5%, as far as the application is as smooth as the process
    believes, and at more after breaks that were not foreseen. Figures: docs/decisions/0043. Does not hold
    where the default itself breaks a target; where there is a cliff, some tries go over it. Cost: 10 ms an
    evaluation at 80 of them, growing with their number cubed.
    Source: after Sui, Gotovos, Burdick and Krause, Safe Exploration for Optimization with Gaussian
    Processes, 2015, and Turchetta, Berkenkamp and Krause, Safe Exploration for Interactive Machine Learning,
    2019 (goals outside of what is safe).
    """

    def __init__(self, knobs: Mapping[str, Knob], rng: np.random.Generator, *, evaluations: int = 80) -> None:
        """Start from the defaults of the knobs; `evaluations` is the budget, of which the end is replays."""
        if evaluations < 1:
            raise ConfigError(f"a tuner needs at least 1 evaluation, not {evaluations}")
        self.space = Space(knobs)
        self._rng = rng
        self._evaluations = evaluations
        self._default: Floats = self.space.snapped(self.space.point(self.space.default)[None])[0]
        self._reach = np.array([_reach(knob) for knob in knobs.values()])
        self._surrogate = Surrogate(self.space.features)
        self._foreseen: tuple[Floats, float] | None = None
        self._excess = 0.0

    def ask(self) -> Configuration:
        """Return the default first, then what is believed to hold all targets."""
        told = len(self._surrogate)
        if told < DEFAULTS_FIRST:
            return self.space.default
        self._surrogate.refit(STEPS if told < REFIT_ALWAYS or told % REFIT_EVERY == 0 else 0)
        if told >= (1.0 - CONFIRMED) * self._evaluations:
            point = self._replayed()
        else:
            point = self._explored(widen=told % WIDENED_EVERY == 0)
        self._foreseen = point, self._surrogate.expected_broken(point)
        return self.space.at(point)

    def tell(self, configuration: Configuration, measured: Measured) -> None:
        """Learn what a configuration measured; raise InputError where it has several objectives."""
        if len(measured.objectives) != 1:
            raise InputError(
                f"the safe tuner lowers one objective, not {len(measured.objectives)}; use Evolution"
            )
        point = self.space.snapped(self.space.point(configuration)[None])[0]
        if self._foreseen is not None and (point == self._foreseen[0]).all():
            seen = (measured.broken > 0) - self._foreseen[1] - EXCESS_FREE
            self._excess = min(max(0.0, self._excess + seen), EXCESS_MAX)
        self._foreseen = None
        self._surrogate.add(point, measured)

    @property
    def caution(self) -> float:
        """By how many standard deviations a target must be believed to hold where something is tried."""
        return CAUTION + EXCESS_WEIGHT * self._excess

    def best(self) -> tuple[Pick, ...]:
        """Return the cheapest of what was tried that holds all targets at 95%; empty where nothing does."""
        if not len(self._surrogate):
            return ()
        self._surrogate.refit_from_scratch()
        tried, counts = self._surrogate.tried()
        belief = self._surrogate.believe(tried)
        safe = belief.bound(PICKED + EXCESS_WEIGHT * self._excess) <= 0
        if not safe.any():
            return ()
        i = int(np.where(safe, belief.objectives[0], math.inf).argmin())
        cost = self._surrogate.unscaled(0, float(belief.objectives[0, i]))
        held = float(normal_cdf(-belief.targets[:, i] / belief.targets_sd[:, i]).prod())
        return (
            Pick(self.space.at(tried[i]), (cost,), held if len(belief.targets) else None, int(counts[i])),
        )

    def _explored(self, *, widen: bool) -> Floats:
        proven, cost = self._proven()
        candidates = self._candidates(proven, proven[cost.argmin()])
        belief = self._surrogate.believe(candidates)
        apart = np.abs(candidates[:, None, :] - proven[None, :, :])
        near: Mask = np.any((apart <= self._reach + 1e-9).all(axis=2), axis=1)
        safe = (belief.bound(self.caution) <= 0) & near
        if not np.any(safe):
            return self._default
        found = self._widening(candidates, belief, safe, float(cost.min())) if widen else None
        if found is not None:
            return found
        gain = expected_improvement(float(cost.min()), belief.objectives[0], belief.objectives_sd[0])
        cheapest: Floats = candidates[int(np.where(safe, gain, -1.0).argmax())]
        return cheapest

    def _widening(self, candidates: Floats, belief: Belief, safe: Mask, low: float) -> Floats | None:
        """Return the safe point that tells most of cheap ones not yet safe, None if that is little."""
        hopeful = (belief.bound(-CAUTION) <= 0) & ~safe
        cheaper = low - (belief.objectives[0] - HOPE * belief.objectives_sd[0])
        worth = np.where(hopeful, np.maximum(cheaper, 0.0), 0.0)
        goals = np.argsort(-worth)[:GOALS]
        if not worth[goals[0]] > 0:
            return None
        gain = self._surrogate.gain(candidates[safe], candidates[goals], worth[goals])
        if not gain.max() > GAIN_MIN * worth[goals[0]]:
            return None
        found: Floats = candidates[safe][gain.argmax()]
        return found

    def _replayed(self) -> Floats:
        """Return which of those tried would be picked, the less sure one where two cost the same."""
        tried, _ = self._surrogate.tried()
        belief = self._surrogate.believe(tried)
        safe = belief.bound(self.caution) <= 0
        if not np.any(safe):
            return self._default
        hoped = belief.objectives[0] - 0.5 * belief.objectives_sd[0]
        found: Floats = tried[int(np.where(safe, hoped, math.inf).argmin())]
        return found

    def _proven(self) -> tuple[Floats, Floats]:
        """Return the places that were tried and probably hold, the default always, and their costs."""
        tried, _ = self._surrogate.tried()
        belief = self._surrogate.believe(tried)
        held = (belief.bound(1.0) <= 0) | (tried == self._default).all(axis=1)
        return tried[held], belief.objectives[0, held]

    def _candidates(self, proven: Floats, best: Floats) -> Floats:
        """Return places about the best and other proven ones, far ones, and the proven ones again."""
        rng, size = self._rng, self.space.size
        centres = np.concatenate(
            [np.repeat(best[None], LOCAL // 2, axis=0), proven[rng.integers(len(proven), size=LOCAL // 2)]]
        )
        moved = rng.random((LOCAL, size)) < 2 / 3
        local = (
            centres
            + self._reach * 10 ** rng.uniform(-1.3, 0, (LOCAL, 1)) * rng.normal(size=(LOCAL, size)) * moved
        )
        return self.space.snapped(np.concatenate([local, rng.random((FAR, size)), proven]))


def expected_improvement(low: float, mean: Floats, sd: Floats) -> Floats:
    """Return by how much a normal value is below `low` in expectation, counting 0 where it is above."""
    z = (low - mean) / sd
    density = np.exp(-0.5 * z**2) / math.sqrt(2 * math.pi)
    found: Floats = sd * (z * normal_cdf(z) + density)
    return found


def _reach(knob: Knob) -> float:
    """Return how far a knob may go: to the next value at least, among choices without order to any."""
    if isinstance(knob.domain, Choices):
        return knob.step_max
    values = grid(knob)
    gap = float(np.diff(values).max()) if values is not None and values.size > 1 else 0.0
    return min(max(REACH, gap), knob.step_max)
