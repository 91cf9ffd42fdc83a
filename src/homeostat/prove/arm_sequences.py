"""The arms of one measure: a confidence sequence for each, and the effect between them."""

import math
from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from homeostat.core.interval import Interval
from homeostat.core.objective import Measure, Summary
from homeostat.core.proof import Effect
from homeostat.stats.bounded_mean_sequence import BoundedMeanSequence
from homeostat.stats.confidence_sequence import ConfidenceSequence
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


class ArmSequences:
    """What is known of one measure in the two arms of a trial, valid at every look.

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

    def extend(self, control: NDArray[np.float64], treatment: NDArray[np.float64]) -> None:
        """Take the newest values of both arms; raise InputError on one that the measure cannot have."""
        if control.size:
            self.control.extend(control)
        if treatment.size:
            self.treatment.extend(treatment)

    def effect(self, as_share: bool = True) -> Effect:
        """Return treatment against control, relative or in the measure's unit."""
        return effect_between(
            self.measure,
            _known(self.control.estimate),
            _known(self.treatment.estimate),
            (relative if as_share else difference)(self.treatment, self.control),
            as_share,
        )


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
