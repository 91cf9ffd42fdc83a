"""The surrogate: what the measurements so far say of objectives and targets everywhere."""

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from homeostat.act.search.search import Measured
from homeostat.core.errors import InputError
from homeostat.stats.gaussian_process import GaussianProcess, fit

Floats = NDArray[np.float64]

POINTS_MAX = 180
"""Measurements that a model is made of; a fit costs their number cubed."""

STEPS_FIRST, STEPS = 80, 12
SOFT = 0.4
"""A violation of so many e-folds is shown as 70% of it, larger ones as less."""

FAILED_EXTRA = 0.5
"""A point that failed counts as this much worse than the worst that was measured."""


@dataclass(frozen=True, slots=True)
class Belief:
    """Means and standard deviations at some points, a row for each objective and for each target.

    Objectives are on the scale of `scaled`; a target is held below 0.
    """

    objectives: Floats
    objectives_sd: Floats
    targets: Floats
    targets_sd: Floats

    def bound(self, deviations: float) -> Floats:
        """Return how far the worst target may lie beyond its bound, so many standard deviations up."""
        if not len(self.targets):
            return np.full(self.objectives.shape[1], -math.inf)
        found: Floats = (self.targets + deviations * self.targets_sd).max(axis=0)
        return found

    @property
    def broken(self) -> Floats:
        """How far the targets are believed to be broken, in sum; 0 where all are believed to hold."""
        found: Floats = np.maximum(self.targets, 0.0).sum(axis=0)
        return found


class Surrogate:
    """Gaussian processes of each objective and target, refitted from the measurements.

    Values that are all above 0, as costs and latencies, are modelled as logarithms, since they err by
    ratios; others relative to the size of the first one. Beyond `POINTS_MAX` measurements the best and the
    latest are kept in the model.
    """

    def __init__(self, features: Callable[[Floats], Floats]) -> None:
        """Know nothing; `features` turns places into what the models see."""
        self._features = features
        self._points: list[Floats] = []
        self._measured: list[Measured] = []
        self._logs: dict[int, Floats] = {}
        self.models: tuple[GaussianProcess, ...] = ()
        self.n_objectives = 0

    def __len__(self) -> int:
        return len(self._points)

    def add(self, point: Floats, measured: Measured) -> None:
        """Take a measurement; raise InputError where it has other numbers than the first one."""
        if self._measured:
            first = self._measured[0]
            shape = (len(first.objectives), len(first.violations))
            if shape != (len(measured.objectives), len(measured.violations)):
                raise InputError(
                    f"a measurement needs {shape[0]} objectives, {shape[1]} targets: {measured!r}"
                )
        self.n_objectives = len(measured.objectives)
        self._points.append(point)
        self._measured.append(measured)

    def tried(self) -> tuple[Floats, NDArray[np.intp]]:
        """Return the places that were measured, each once, and how often each was."""
        return np.unique(np.array(self._points), axis=0, return_counts=True)

    def refit(self, steps: int = STEPS) -> None:
        """Fit the models, by so many steps from the earlier fit; 0 keeps its parameters."""
        values = self._values()
        rows = self._kept(values)
        points = self._features(np.array(self._points)[rows])
        errors = self._variances()
        models = []
        for column in range(values.shape[1]):
            start = self._logs.get(column)
            model = fit(
                points,
                values[rows, column],
                variances=None if errors is None else errors[rows, column],
                start=start,
                steps=STEPS_FIRST if start is None else steps,
            )
            self._logs[column] = model.logs
            models.append(model)
        self.models = tuple(models)

    def refit_from_scratch(self) -> None:
        """Fit the models so that they depend on the measurements only, not on earlier fits."""
        self._logs.clear()
        self.refit()

    def believe(self, points: Floats) -> Belief:
        """Return what is believed of some points."""
        features = self._features(points)
        found = np.array([model.predict(features) for model in self.models])
        objectives, targets = found[: self.n_objectives], found[self.n_objectives :]
        return Belief(objectives[:, 0], objectives[:, 1], targets[:, 0], targets[:, 1])

    def expected_broken(self, point: Floats) -> float:
        """Return the probability that one measurement at a point shows a broken target."""
        features, held = self._features(point[None]), 1.0
        for model in self.models[self.n_objectives :]:
            mean, sd = model.predict(features)
            held *= float(normal_cdf(-mean / np.sqrt(sd**2 + model.noise**2))[0])
        return 1.0 - held

    def gain(self, points: Floats, goals: Floats, worth: Floats) -> Floats:
        """Return the share of the variance at goals that each point takes away, times their worth."""
        features, at = self._features(points), self._features(goals)
        found = np.zeros(len(points))
        for model in self.models[self.n_objectives :]:
            shared = model.covariance(features, at) ** 2
            noisy = model.predict(features)[1] ** 2 + model.noise**2
            found += (shared / noisy[:, None] / model.predict(at)[1] ** 2) @ worth
        return found

    def unscaled(self, objective: int, value: float) -> float:
        """Return an objective as it is measured from what the model says."""
        values = np.array([m.objectives[objective] for m in self._measured])
        unit = _unit(values, None)
        return math.exp(value) if unit is None else value * unit

    def _values(self) -> Floats:
        rows = np.array([(*m.objectives, *m.violations) for m in self._measured], dtype=np.float64)
        k = self.n_objectives
        columns = [scaled(c, None) for c in rows.T[:k]] + [softened(scaled(1.0 + c, 1.0)) for c in rows.T[k:]]
        return np.column_stack(columns)

    def _variances(self) -> Floats | None:
        """Return the known variances on the scale of the models, None where none are known."""
        if not any(m.errors for m in self._measured):
            return None
        rows = np.array([(*m.objectives, *m.violations) for m in self._measured], dtype=np.float64)
        rows[:, self.n_objectives :] += 1.0
        errors = np.array([m.errors or (0.0,) * rows.shape[1] for m in self._measured], dtype=np.float64)
        for k, column in enumerate(rows.T):
            unit = _unit(column, None if k < self.n_objectives else 1.0)
            errors[:, k] /= np.abs(column) if unit is None else unit
        return np.nan_to_num(errors**2, nan=0.0, posinf=0.0)

    def _kept(self, values: Floats) -> NDArray[np.intp]:
        n = len(values)
        if n <= POINTS_MAX:
            return np.arange(n)
        worth = values[:, : self.n_objectives].sum(axis=1)
        worth = worth + 10.0 * np.maximum(values[:, self.n_objectives :], 0.0).sum(axis=1)
        best = np.argsort(worth, kind="stable")[: POINTS_MAX // 2]
        rest = np.setdiff1d(np.arange(n), best)[-(POINTS_MAX - POINTS_MAX // 2) :]
        return np.sort(np.concatenate([best, rest]))


def _unit(values: Floats, around: float | None) -> float | None:
    """Return by what values are divided; None says that they are modelled as logarithms."""
    finite = values[np.isfinite(values)]
    if finite.size and finite.min() > 0:
        return None
    return around or (abs(float(finite[0])) if finite.size else 0.0) or 1.0


def scaled(values: Floats, around: float | None) -> Floats:
    """Return values on the scale on which they are modelled; `around` is the one that becomes 0.

    >>> scaled(np.array([1.0, np.e]), None).tolist(), scaled(np.array([-2.0, 4.0]), None).tolist()
    ([0.0, 1.0], [-1.0, 2.0])
    """
    unit = _unit(values, around)
    with np.errstate(divide="ignore"):
        found = np.log(values / (around or 1.0)) if unit is None else (values - (around or 0.0)) / unit
    finite = found[np.isfinite(found)]
    worst = float(finite.max()) if finite.size else 0.0
    return np.where(np.isfinite(found), found, max(worst, 0.0) + FAILED_EXTRA)


def softened(violations: Floats) -> Floats:
    """Return violations in which the gross ones stand out less: by how much they are gross does not matter.

    A cliff beyond the bound would else make the model believe in cliffs everywhere.
    """
    return np.where(violations > 0, SOFT * np.log1p(np.maximum(violations, 0.0) / SOFT), violations)


def normal_cdf(z: Floats) -> Floats:
    """Return the standard normal distribution function (Abramowitz and Stegun 26.2.17, within 7.5e-8)."""
    t = 1.0 / (1.0 + 0.2316419 * np.abs(z))
    sum_of_powers = t * (
        0.319381530 + t * (-0.356563782 + t * (1.781477937 + t * (-1.821255978 + t * 1.330274429)))
    )
    tail = np.exp(-0.5 * z * z) / math.sqrt(2 * math.pi) * sum_of_powers
    return np.where(z > 0, 1.0 - tail, tail)
