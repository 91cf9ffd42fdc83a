"""The arms of one measure: a confidence sequence for each, and the effect between them."""

import math
from collections.abc import Mapping
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from homeostat.core.interval import Interval
from homeostat.core.objective import Measure, Summary
from homeostat.core.proof import Effect
from homeostat.stats.assigned_means import AssignedMeans
from homeostat.stats.assigned_quantiles import AssignedQuantiles
from homeostat.stats.bounded_mean_sequence import BoundedMeanSequence
from homeostat.stats.confidence_sequence import ConfidenceSequence, refuse
from homeostat.stats.difference import difference
from homeostat.stats.mean_sequence import MeanSequence
from homeostat.stats.proportion_sequence import ProportionSequence
from homeostat.stats.quantile_sequence import QuantileSequence
from homeostat.stats.relative import relative


def is_share(measure: Measure) -> bool:
    """Tell whether a measure's values are zeros and ones."""
    return measure.summary is Summary.SHARE or (measure.name == "errors" and measure.summary is Summary.MEAN)


def sequence_of(
    measure: Measure, confidence: float, bounds: Mapping[str, tuple[float, float]]
) -> ConfidenceSequence:
    """Return the empty confidence sequence that suits a measure."""
    quantile = measure.summary.quantile
    if quantile is not None:
        return QuantileSequence(quantile, confidence)
    if is_share(measure):
        return ProportionSequence(confidence)
    if measure.name in bounds:
        return BoundedMeanSequence(*bounds[measure.name], confidence)
    return MeanSequence(confidence)


class Arms(Protocol):
    """What is known of one measure in the two arms of a trial."""

    measure: Measure

    def extend(self, values: NDArray[np.float64], treated: NDArray[np.bool_]) -> None:
        """Take the newest values in their order; raise InputError on one that the measure cannot have."""
        ...

    def effect(self, as_share: bool = True) -> Effect:
        """Return treatment against control, relative or in the measure's unit."""
        ...


class ArmSequences:
    """What is known of one measure in the two arms of a trial, valid at every look, from each arm alone.

    Guarantee and cost: those of the sequences, and of `stats.difference` and `stats.relative` between them.
    """

    __slots__ = ("control", "measure", "treatment")

    def __init__(
        self, measure: Measure, confidence: float, bounds: Mapping[str, tuple[float, float]]
    ) -> None:
        """Start empty."""
        self.measure = measure
        self.control = sequence_of(measure, confidence, bounds)
        self.treatment = sequence_of(measure, confidence, bounds)

    def extend(self, values: NDArray[np.float64], treated: NDArray[np.bool_]) -> None:
        """Take the newest values in their order; raise InputError on one that the measure cannot have."""
        self.control.extend(values[~treated])
        self.treatment.extend(values[treated])

    def effect(self, as_share: bool = True) -> Effect:
        """Return treatment against control, relative or in the measure's unit."""
        return effect_between(
            self.measure,
            _known(self.control.estimate),
            _known(self.treatment.estimate),
            (relative if as_share else difference)(self.treatment, self.control),
            as_share,
        )


class ArmMeans:
    """What is known of a mean in the two arms of a trial, neighbouring requests against each other.

    Guarantee and cost: those of `stats.AssignedMeans`.
    """

    __slots__ = ("_bounds", "_means", "measure")

    def __init__(
        self, measure: Measure, confidence: float, share: float, bounds: tuple[float, float] | None
    ) -> None:
        """Start empty; `share` is that of requests in the treatment."""
        self.measure = measure
        self._bounds = bounds
        self._means = AssignedMeans(share, confidence, bounds[1] - bounds[0] if bounds else None)

    def extend(self, values: NDArray[np.float64], treated: NDArray[np.bool_]) -> None:
        """Take the newest values in their order; raise InputError on one out of bounds or not finite."""
        if self._bounds:
            bad = values[(values < self._bounds[0]) | (values > self._bounds[1])]
            if bad.size:
                raise refuse(float(bad[0]), f"between {self._bounds[0]:g} and {self._bounds[1]:g}")
        self._means.extend(values, treated)

    def effect(self, as_share: bool = True) -> Effect:
        """Return treatment against control, relative or in the measure's unit."""
        means = self._means
        return effect_between(
            self.measure,
            _known(means.control),
            _known(means.treatment),
            means.relative() if as_share else means.difference(),
            as_share,
        )


class ArmQuantiles:
    """What is known of the ratio of a quantile in the two arms of a trial, neighbouring requests compared.

    Guarantee and cost: those of `stats.AssignedQuantiles`. There is no difference in the measure's unit.
    """

    __slots__ = ("_quantiles", "measure")

    def __init__(self, measure: Measure, quantile: float, confidence: float, share: float) -> None:
        """Start empty; `share` is that of requests in the treatment."""
        self.measure = measure
        self._quantiles = AssignedQuantiles(quantile, share, confidence)

    def extend(self, values: NDArray[np.float64], treated: NDArray[np.bool_]) -> None:
        """Take the newest values in their order; raise InputError on one that is not finite."""
        self._quantiles.extend(values, treated)

    def effect(self, as_share: bool = True) -> Effect:
        """Return treatment against control, relative."""
        quantiles = self._quantiles
        control, estimate = _known(quantiles.control), _known(quantiles.estimate)
        treatment = None if control is None or estimate is None else control * (1.0 + estimate)
        held = quantiles.relative() if as_share else None
        return effect_between(self.measure, control, treatment, held, as_share)


SHARES_EVEN, SHARES_EVEN_RARE = (0.3, 0.7), (0.4, 0.6)
"""Shares of requests in the treatment between which neighbours tell better than each arm alone.

Of quantiles, and of values with bounds, which are rarely off, only the narrower ones.
"""


def arms_of(
    measure: Measure,
    confidence: float,
    share: float,
    bounds: Mapping[str, tuple[float, float]],
    as_share: bool,
) -> Arms:
    """Return what suits a measure in a trial that divides requests, for a relative effect or another one."""
    quantile = measure.summary.quantile
    within = (0.0, 1.0) if is_share(measure) else bounds.get(measure.name)
    low, high = SHARES_EVEN if within is None and quantile is None else SHARES_EVEN_RARE
    if low <= share <= high and quantile is None:
        return ArmMeans(measure, confidence, share, within)
    if low <= share <= high and quantile is not None and as_share:
        return ArmQuantiles(measure, quantile, confidence, share)
    return ArmSequences(measure, confidence, bounds)


def effect_between(
    measure: Measure,
    control: float | None,
    treatment: float | None,
    interval: Interval | None,
    as_share: bool,
) -> Effect:
    """Return the effect between two summaries whose interval is known."""
    estimate = None
    if control is not None and treatment is not None:
        if not as_share:
            estimate = treatment - control
        elif control != 0.0:
            estimate = treatment / control - 1.0
    return Effect(measure.words, control, treatment, estimate, interval, as_share)


def _known(value: float) -> float | None:
    return value if math.isfinite(value) else None
