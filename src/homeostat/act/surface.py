"""The response surface: what moves of knobs do to the objective, learned from the trials so far."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from homeostat.core.knob import Choices, Configuration, Knob

Floats = NDArray[np.float64]

SLOPE, BEND, TWIST, CHOICE = 0.3, 0.3, 0.15, 0.3
"""How large the parts are expected to be, before any trial: standard deviations, in logarithms of the
objective, of going from the middle of a knob's range to its end (slope, bend), of two knobs together
(twist) and of one choice against another."""


class Places:
    """Where configurations lie: a row of positions, one for each knob in the order of their names."""

    def __init__(self, knobs: Mapping[str, Knob]) -> None:
        self.names = tuple(sorted(knobs))
        self.knobs = tuple(knobs[name] for name in self.names)
        self.exact = np.array([isinstance(knob.domain, Choices) for knob in self.knobs])

    def of(self, configurations: Sequence[Configuration]) -> Floats:
        """Return the positions of configurations, of shape `(configurations, knobs)`."""
        found = [[k.domain.position(at[k.name]) for k in self.knobs] for at in configurations]
        return np.array(found, dtype=np.float64).reshape(len(found), len(self.knobs))


@dataclass(frozen=True, slots=True)
class Leg:
    """A step between two configurations: its measured effect (logarithm) with the standard error."""

    before: Configuration
    after: Configuration
    effect: float
    error: float


class Surface:
    """A quadratic over the knobs' positions (choices: a level each), by Bayesian linear regression.

    Only differences between configurations are known, and only they are predicted. Guarantee: the posterior
    of the model (Lindley and Smith 1972), if effects are quadratic; where they are not it is a local picture,
    so ask it for short steps. Cost: O(trials x p^2 + p^3), p being about half the square of the knobs.
    """

    def __init__(self, places: Places, legs: Sequence[Leg]) -> None:
        self._places = places
        numeric = np.flatnonzero(~places.exact)
        one, other = np.triu_indices(numeric.size, 1)
        self._numeric, self._one, self._other = numeric, numeric[one], numeric[other]
        self._choices = [
            (k, len(knob.domain.values))
            for k, knob in enumerate(places.knobs)
            if isinstance(knob.domain, Choices)
        ]
        precision = np.diag(self._scales() ** -2.0)
        pull = np.zeros(precision.shape[0])
        if legs:
            rows = self._rows(places.of([leg.after for leg in legs]))
            rows = rows - self._rows(places.of([leg.before for leg in legs]))
            weights = np.array([leg.error for leg in legs]) ** -2.0
            precision += (rows.T * weights) @ rows
            pull = rows.T @ (weights * np.array([leg.effect for leg in legs]))
        self._covariance = np.linalg.inv(precision)
        self._mean = self._covariance @ pull

    def _scales(self) -> Floats:
        levels = sum(count for _, count in self._choices)
        parts = ((SLOPE, self._numeric.size), (BEND, self._numeric.size), (TWIST, self._one.size))
        return np.concatenate([np.full(n, s) for s, n in (*parts, (CHOICE / math.sqrt(2), levels))])

    def _rows(self, positions: Floats) -> Floats:
        u = 2.0 * positions - 1.0
        levels = [
            (np.round(positions[:, k, None] * (count - 1)) == np.arange(count)).astype(np.float64)
            for k, count in self._choices
        ]
        parts = [u[:, self._numeric], u[:, self._numeric] ** 2, u[:, self._one] * u[:, self._other], *levels]
        return np.concatenate(parts, axis=1)

    def predict(self, before: Floats, after: Floats) -> tuple[Floats, Floats]:
        """Return mean and standard deviation of the logarithm of the effect of steps.

        `before` is one row of positions, `after` one for each step.
        """
        rows = self._rows(after) - self._rows(before[None, :])
        variance = np.einsum("ij,ij->i", rows @ self._covariance, rows)
        return rows @ self._mean, np.sqrt(np.maximum(variance, 0.0))
