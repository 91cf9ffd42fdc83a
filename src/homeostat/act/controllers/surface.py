"""The response surface: what moves of knobs do to the objective, learned from the trials so far."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from homeostat.core.knob import Choices, Configuration, Knob

Floats = NDArray[np.float64]

SIZE, PAIR = 0.2, 0.1
"""How large effects are expected to be before any trial: standard deviations, in logarithms of the
objective, of the function of one knob and of that of two together."""

LENGTH = 0.6
"""The share of a knob's range within which its effects are alike."""


class Places:
    """Where configurations lie: a row of positions, one for each knob in the order of their names."""

    def __init__(self, knobs: Mapping[str, Knob]) -> None:
        self.names = tuple(sorted(knobs))
        self.knobs = tuple(knobs[name] for name in self.names)
        self.exact = np.array([isinstance(knob.domain, Choices) for knob in self.knobs])

    def of(self, configurations: Sequence[Configuration]) -> Floats:
        """Return the positions of configurations, of shape `(configurations, knobs)`."""
        found = np.empty((len(configurations), len(self.knobs)))
        for column, knob in enumerate(self.knobs):
            values = [(type(at[knob.name]), at[knob.name]) for at in configurations]
            positions = {typed: knob.domain.position(typed[1]) for typed in dict.fromkeys(values)}
            found[:, column] = [positions[typed] for typed in values]
        return found


@dataclass(frozen=True, slots=True)
class Leg:
    """A step between two configurations: its measured effect (logarithm) with the standard error."""

    before: Configuration
    after: Configuration
    effect: float
    error: float


class Surface:
    """A Gaussian process over the knobs' positions that knows only of differences, and predicts only those.

    The effect of a configuration is a sum of one smooth function a knob (Matern 3/2; a choice: a level each)
    and of one for each pair. Near what was tried it is sure; far from there, also beyond a plateau, it is as
    open as at the beginning: a knob that did nothing nearby may do much further on. Guarantee: the posterior
    of that model (Rasmussen and Williams 2006, chapter 2; Duvenaud and others 2011 for sums over knobs).
    Cost: O(trials^3), a millisecond at the most that are looked at.
    """

    def __init__(self, places: Places, legs: Sequence[Leg]) -> None:
        self._places = places
        self._before = places.of([leg.before for leg in legs])
        self._after = places.of([leg.after for leg in legs])
        if not legs:
            return
        error = np.array([leg.error for leg in legs])
        known = self._between(self._before, self._after) + np.diag(error**2)
        self._factor = np.linalg.cholesky(known + 1e-9 * np.eye(len(legs)))
        effects = np.array([leg.effect for leg in legs])
        self._weights = np.linalg.solve(self._factor.T, np.linalg.solve(self._factor, effects))

    def _kernel(self, one: Floats, other: Floats) -> Floats:
        """Return the covariance of the values at places, of shape `(one, other)`.

        Steps take few different values of a knob, so likeness is worked out once for each of these.
        """
        total = np.zeros((one.shape[0], other.shape[0]))
        squares = np.zeros_like(total)
        for k, exact in enumerate(self._places.exact):
            values, where = np.unique(other[:, k], return_inverse=True)
            distance = np.abs(one[:, k, None] - values)
            scaled = math.sqrt(3.0) * distance / LENGTH
            alike = distance < 1e-9 if exact else (1.0 + scaled) * np.exp(-scaled)
            total += alike[:, where]
            squares += (alike**2)[:, where]
        found: Floats = SIZE**2 * total + PAIR**2 * (total**2 - squares) / 2.0
        return found

    def _between(self, before: Floats, after: Floats) -> Floats:
        """Return the covariance of the known differences with steps, of shape `(legs, steps)`.

        `before` may be one row: all steps then begin there.
        """
        kernel = self._kernel
        found: Floats = (
            kernel(self._after, after)
            - kernel(self._after, before)
            - kernel(self._before, after)
            + kernel(self._before, before)
        )
        return found

    def predict(self, before: Floats, after: Floats) -> tuple[Floats, Floats]:
        """Return mean and standard deviation of the logarithm of the effect of steps.

        `before` is one row of positions, `after` one for each step.
        """
        itself = float(self._kernel(before[None], before[None])[0, 0])
        own = 2.0 * (itself - self._kernel(after, before[None])[:, 0])
        if not self._after.shape[0]:
            return np.zeros(after.shape[0]), np.sqrt(np.maximum(own, 0.0))
        shared = self._between(before[None], after)
        explained = np.linalg.solve(self._factor, shared)
        variance = own - (explained**2).sum(axis=0)
        return shared.T @ self._weights, np.sqrt(np.maximum(variance, 0.0))
