"""Bootstrap intervals of ratios of two means or quantiles: "p95 is 1.4 to 1.9 times what it was"."""

import math
from statistics import NormalDist

import numpy as np
from numpy.typing import ArrayLike, NDArray

from homeostat.core.errors import ConfigError, InputError
from homeostat.core.interval import Interval
from homeostat.stats.t_interval import MINIMUM_SAMPLES

Floats = NDArray[np.float64]

RESAMPLES = 2_000

SAMPLES_MAX = 10_000
"""Longer samples are first reduced to so many means of neighbours, which bounds the cost of means."""

_ELEMENTS = 1 << 18
"""Elements that are resampled at a time: 2 MB."""


def ratio_of_means(
    numerator: ArrayLike,
    denominator: ArrayLike,
    confidence: float = 0.95,
    *,
    paired: bool = False,
    block: int = 1,
    seed: int = 0,
) -> Interval | None:
    """Return the interval of mean(numerator) / mean(denominator); None below `MINIMUM_SAMPLES`.

    `paired` samples belong to one another (cost and tokens of the same request) and are resampled together.
    `block` neighbours at a time are averaged and resampled as one, for autocorrelated samples: some times
    their memory. Samples are not negative; an end is infinite where denominators are mostly zero.
    Method: bias-corrected and accelerated percentiles (Efron, JASA 82, 1987). Guarantee: covers the ratio
    with about the given probability, looked at once; on skewed samples some percent less often. Cost: 2,000
    resamples, 5 ms at 100 samples, 0.4 s and 4 MB at most. The same seed gives the same interval.

    >>> random = np.random.default_rng(1)
    >>> found = ratio_of_means(random.exponential(3.0, 500), random.exponential(1.0, 500))
    >>> found.low < 3.0 < found.high
    True
    """
    if block < 1:
        raise ConfigError(f"block must be at least 1 sample, not {block}")
    over, under = _usable(numerator, confidence), _usable(denominator, confidence)
    if paired and over.size != under.size:
        raise InputError(f"paired samples must be as many, not {over.size} and {under.size}")
    over, under = _reduced(over, block), _reduced(under, block)
    if min(over.size, under.size) < MINIMUM_SAMPLES:
        return None
    mean_over, mean_under = float(over.mean()), float(under.mean())
    if mean_over <= 0.0 or mean_under <= 0.0:
        raise InputError("a ratio of means needs samples that are not all zero, above and below")
    random = np.random.default_rng(seed)
    if paired:
        sums = _resampled_sums(np.stack((over, under)), random)
        pulls = (over / mean_over - under / mean_under) / over.size
    else:
        sums = np.concatenate((_resampled_sums(over[None], random), _resampled_sums(under[None], random)))
        pulls = np.concatenate(
            ((over / mean_over - 1.0) / over.size, -(under / mean_under - 1.0) / under.size)
        )
    with np.errstate(divide="ignore", invalid="ignore"):
        ratios = np.nan_to_num((sums[0] / over.size) / (sums[1] / under.size), nan=math.inf, posinf=math.inf)
    low, high = _corrected(ratios, mean_over / mean_under, pulls, confidence)
    return Interval(low, high, confidence)


def ratio_of_quantiles(
    numerator: ArrayLike,
    denominator: ArrayLike,
    probability: float = 0.95,
    confidence: float = 0.95,
    *,
    seed: int = 0,
) -> Interval | None:
    """Return the interval of the quotient of a quantile of two samples; None on too few of them.

    Nothing is resampled: the r-th smallest of a resample of n stands at the place ceil(n * B) of the sorted
    sample, B being beta distributed with r and n - r + 1 (Efron, Annals of Statistics 7, 1979), so 2,000
    resamples cost 2,000 beta numbers and a sort. Method: percentiles. Guarantee: covers the ratio with about
    the given probability for independent samples looked at once. Needs five samples beyond the quantile in
    expectation, and samples that are not negative.

    >>> random = np.random.default_rng(1)
    >>> found = ratio_of_quantiles(random.exponential(3.0, 500), random.exponential(1.0, 500))
    >>> found.low < 3.0 < found.high
    True
    """
    if not 0.0 < probability < 1.0:
        raise ConfigError(f"probability must lie between 0 and 1, such as 0.95, not {probability}")
    over, under = _usable(numerator, confidence), _usable(denominator, confidence)
    fewest = max(MINIMUM_SAMPLES, math.ceil(5.0 / min(probability, 1.0 - probability)))
    if min(over.size, under.size) < fewest:
        return None
    random = np.random.default_rng(seed)
    above, below = (_resampled_quantiles(s, probability, random) for s in (over, under))
    with np.errstate(divide="ignore", invalid="ignore"):
        ratios = np.nan_to_num(above / below, nan=math.inf, posinf=math.inf)
    low, high = _at(np.sort(ratios), (0.5 - confidence / 2, 0.5 + confidence / 2))
    return Interval(low, high, confidence)


def _usable(values: ArrayLike, confidence: float) -> Floats:
    if not 0.0 < confidence < 1.0:
        raise ConfigError(f"confidence must lie between 0 and 1, such as 0.95, not {confidence}")
    array = np.asarray(values, dtype=np.float64)
    if array.ndim != 1:
        raise InputError(f"samples must be one row of numbers, not of shape {array.shape}")
    good = np.isfinite(array) & (array >= 0.0)
    if not good.all():
        raise InputError(
            f"a ratio is of finite numbers of 0 or more, not of {float(array[~good][0])!r}: leave it out"
        )
    return array


def _reduced(values: Floats, block: int) -> Floats:
    """Return the means of neighbours: of `block`, or of as many as leave at most `SAMPLES_MAX`."""
    size = max(block, math.ceil(values.size / SAMPLES_MAX))
    if size == 1:
        return values
    whole = values.size - values.size % size
    means: Floats = values[:whole].reshape(-1, size).mean(axis=1)
    return means


def _resampled_sums(rows: Floats, random: np.random.Generator) -> Floats:
    """Return the sums of resamples of each row (all rows at the same places), an array (row, resample)."""
    n = rows.shape[1]
    at_once = max(1, _ELEMENTS // n)
    found = []
    for begin in range(0, RESAMPLES, at_once):
        places = random.integers(0, n, (min(at_once, RESAMPLES - begin), n))
        found.append(np.stack([row[places].sum(axis=1) for row in rows]))
    return np.concatenate(found, axis=1)


def _resampled_quantiles(values: Floats, probability: float, random: np.random.Generator) -> Floats:
    n = values.size
    rank = min(max(math.ceil(n * probability), 1), n)
    places = np.ceil(n * random.beta(rank, n - rank + 1, RESAMPLES)).astype(np.int64)
    quantiles: Floats = np.sort(values)[np.clip(places, 1, n) - 1]
    return quantiles


def _corrected(resamples: Floats, estimate: float, pulls: Floats, confidence: float) -> tuple[float, float]:
    """Return the percentiles of Efron's BCa: corrected for bias, accelerated by the skewness of the pulls."""
    resamples = np.sort(resamples)
    spread = float(pulls @ pulls)
    if spread <= 0.0:
        return estimate, estimate
    normal = NormalDist()
    below = (float((resamples < estimate).sum()) + float((resamples <= estimate).sum())) / 2
    bias = normal.inv_cdf(min(max(below / resamples.size, 1e-3), 1.0 - 1e-3))
    acceleration = float((pulls**3).sum()) / (6.0 * spread**1.5)

    def corrected(probability: float) -> float:
        z = bias + normal.inv_cdf(probability)
        return normal.cdf(bias + z / max(1.0 - acceleration * z, 1e-3))

    return _at(resamples, (corrected(0.5 - confidence / 2), corrected(0.5 + confidence / 2)))


def _at(ordered: Floats, probabilities: tuple[float, float]) -> tuple[float, float]:
    """Return two sorted values; no interpolation, since some may be infinite."""
    last = ordered.size - 1
    low, high = (ordered[round(p * last)] for p in probabilities)
    return float(low), float(high)
