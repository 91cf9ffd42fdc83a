"""The effect: by how much a mean, a rate or a quantile of one sample differs from that of another."""

import math
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from homeostat.core.interval import Interval
from homeostat.stats.inflation import inflation
from homeostat.stats.student import quantile as t_quantile
from homeostat.stats.student import two_sided

Floats = NDArray[np.float64]

PIECES_MIN = 12
"""Below this number of pieces nothing is said."""

DEGREES_MIN = 9.0


class Sample(Protocol):
    """Consecutive pieces of a recording, in order of time: single values, or stretches of them."""

    @property
    def weights(self) -> Floats:
        """How much each piece counts: 1 for a value, the number of values or the seconds of a stretch."""
        ...

    def above(self, level: float) -> Floats:
        """How many of the values of each piece lie above a level."""
        ...

    def quantiles(self, probabilities: Floats) -> Floats:
        """Quantiles of all values."""
        ...


@dataclass(frozen=True, slots=True)
class Estimate:
    """A number estimated from one sample, its interval, and the degrees of freedom behind that."""

    value: float
    interval: Interval
    degrees: float


@dataclass(frozen=True, slots=True)
class Effect:
    """What changed from a baseline to a candidate.

    `difference` is candidate minus baseline and `ratio` candidate over baseline, each with its interval;
    there is no ratio where the interval of one of the two reaches zero. `p_value` is two-sided, for "no
    difference".
    """

    baseline: Estimate
    candidate: Estimate
    difference: float
    difference_interval: Interval
    ratio: float | None
    ratio_interval: Interval | None
    p_value: float


def ratio_of_sums(sums: Floats, weights: Floats, confidence: float = 0.95) -> Estimate | None:
    """Return the sum of `sums` over the sum of `weights`: a mean, a rate or a proportion of pieces in order.

    None on fewer than `PIECES_MIN` pieces, or where their memory leaves fewer than ten independent ones.

    Guarantee: covers the true ratio with about the given probability, looked at once, also when neighbours
    depend on each other (simulated at 95%, n = 400: 94 to 96% for independent normal and exponential
    samples, 92 to 95% for AR(1) at 0.5 and 0.8). Cost: an FFT of the pieces.
    Does not hold for a mean of samples so skewed that the largest few decide over it, nor for a memory
    as long as a tenth of the recording.
    """
    n = sums.size
    total = float(weights.sum())
    if n < PIECES_MIN or not total > 0:
        return None
    value = float(sums.sum()) / total
    rest = sums - value * weights
    grown = inflation(rest)
    degrees = n / grown - 1.0
    if degrees < DEGREES_MIN:
        return None
    variance = grown * float(np.square(rest).sum()) * n / (n - 1) / total**2
    half = t_quantile(0.5 + confidence / 2, degrees) * math.sqrt(variance)
    return Estimate(value, Interval(value - half, value + half, confidence), degrees)


def quantile_of(sample: Sample, probability: float, confidence: float = 0.95) -> Estimate | None:
    """Return a quantile by Woodruff's method: the interval of the share above it, read as quantiles.

    None where the interval would reach beyond the samples. Guarantee: as for `ratio_of_sums`, whatever the
    distribution (W. Woodruff, JASA 47, 1952). Cost: as there.
    """
    weights = sample.weights
    if weights.size < PIECES_MIN:
        return None
    value = float(sample.quantiles(np.array([probability]))[0])
    share = ratio_of_sums(sample.above(value), weights, confidence)
    if share is None:
        return None
    half = share.interval.high - share.value
    n = float(weights.sum())
    half = max(
        half, t_quantile(0.5 + confidence / 2, share.degrees) * math.sqrt(probability * (1 - probability) / n)
    )
    low, high = probability - half, probability + half + 1.0 / n
    if low <= 0.0 or high >= 1.0:
        return None
    ends = sample.quantiles(np.array([low, high]))
    return Estimate(
        value, Interval(min(float(ends[0]), value), max(float(ends[1]), value), confidence), share.degrees
    )


def effect(baseline: Estimate, candidate: Estimate) -> Effect:
    """Return the difference and the ratio of two estimates, with intervals recovered from both of theirs.

    The method is that of Zou and Donner (Statistics in Medicine 27, 2008), on the logarithm for the ratio;
    it keeps the asymmetry of a quantile's interval. Guarantee: about that of the two intervals, for samples
    that do not depend on each other.
    """
    confidence = baseline.interval.confidence
    degrees = min(baseline.degrees, candidate.degrees)
    difference, between = _recovered(baseline.value, baseline.interval, candidate.value, candidate.interval)
    p_value = _p_value(difference, between, degrees, confidence)
    ratio = ratio_interval = None
    if baseline.interval.low > 0 and candidate.interval.low > 0:
        logs = _recovered(
            math.log(baseline.value),
            _log(baseline.interval),
            math.log(candidate.value),
            _log(candidate.interval),
        )
        ratio = math.exp(logs[0])
        ratio_interval = Interval(math.exp(logs[1].low), math.exp(logs[1].high), confidence)
        p_value = _p_value(logs[0], logs[1], degrees, confidence)
    return Effect(baseline, candidate, difference, between, ratio, ratio_interval, p_value)


def _log(interval: Interval) -> Interval:
    return Interval(math.log(interval.low), math.log(interval.high), interval.confidence)


def _recovered(a: float, of_a: Interval, b: float, of_b: Interval) -> tuple[float, Interval]:
    difference = b - a
    low = difference - math.hypot(b - of_b.low, of_a.high - a)
    high = difference + math.hypot(of_b.high - b, a - of_a.low)
    return difference, Interval(low, high, of_a.confidence)


def _p_value(difference: float, interval: Interval, degrees: float, confidence: float) -> float:
    """The probability of a difference as large, from the half of the interval that faces zero."""
    if difference == 0.0:
        return 1.0
    half = difference - interval.low if difference > 0 else interval.high - difference
    if half <= 0.0:
        return 0.0
    return two_sided(abs(difference) / half * t_quantile(0.5 + confidence / 2, degrees), degrees)
