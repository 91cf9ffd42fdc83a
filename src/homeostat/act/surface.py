"""The response surface: what moves of knobs do to the objective, learned from the trials so far."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from homeostat.core.knob import Choices, Configuration, Knob

Row = NDArray[np.float64]

SLOPE, BEND, TWIST, CHOICE = 0.3, 0.3, 0.15, 0.3
"""How large the parts are expected to be, before any trial: standard deviations, in logarithms of the
objective, of going from the middle of a knob's range to its end (slope, bend), of two knobs together
(twist) and of one choice against another."""


@dataclass(frozen=True, slots=True)
class Leg:
    """A step between two configurations: its measured effect (logarithm) with the standard error."""

    before: Configuration
    after: Configuration
    effect: float
    error: float


class Surface:
    """A quadratic over the knobs' positions (choices: a level each), by Bayesian linear regression.

    Only differences between configurations are known, and only they are predicted: `predict` gives mean and
    standard deviation of the logarithm of the effect. Guarantee: the posterior of the model (Lindley
    and Smith 1972), if effects are quadratic; where they are not it is a local picture, so ask it for
    short steps. Cost: O(trials x p^2 + p^3), with p about half the square of the number of knobs.
    """

    def __init__(self, knobs: Mapping[str, Knob], legs: Sequence[Leg]) -> None:
        self._knobs = [knobs[name] for name in sorted(knobs)]
        numeric = [k for k, knob in enumerate(self._knobs) if not isinstance(knob.domain, Choices)]
        self._pairs = list(combinations(numeric, 2))
        scales = self._scales()
        precision = np.diag(scales**-2.0)
        pull = np.zeros(scales.size)
        for leg in legs:
            row = self._row(leg.after) - self._row(leg.before)
            weight = leg.error**-2.0
            precision += weight * np.outer(row, row)
            pull += weight * leg.effect * row
        self._covariance = np.linalg.inv(precision)
        self._mean = self._covariance @ pull

    def _scales(self) -> Row:
        found: list[float] = []
        for knob in self._knobs:
            if isinstance(knob.domain, Choices):
                found += [CHOICE / math.sqrt(2)] * len(knob.domain.values)
            else:
                found += [SLOPE, BEND]
        return np.array(found + [TWIST] * len(self._pairs))

    def _row(self, configuration: Configuration) -> Row:
        found: list[float] = []
        at: list[float] = []
        for knob in self._knobs:
            position = knob.domain.position(configuration[knob.name])
            if isinstance(knob.domain, Choices):
                last = len(knob.domain.values) - 1
                found += [1.0 if k == round(position * last) else 0.0 for k in range(last + 1)]
                at.append(0.0)
            else:
                u = 2.0 * position - 1.0
                found += [u, u * u]
                at.append(u)
        return np.array(found + [at[j] * at[k] for j, k in self._pairs])

    def predict(self, before: Configuration, after: Configuration) -> tuple[float, float]:
        """Return mean and standard deviation of the logarithm of the effect of a step."""
        row = self._row(after) - self._row(before)
        variance = float(row @ self._covariance @ row)
        return float(row @ self._mean), math.sqrt(max(variance, 0.0))
