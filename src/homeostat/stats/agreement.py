"""The agreement of two judges: Krippendorff's alpha of scores, Cohen's kappa of verdicts."""

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

from homeostat.core.errors import InputError
from homeostat.core.interval import Interval
from homeostat.stats.not_known import NotKnown

Floats = NDArray[np.float64]

PAIRS_MIN = 20
"""Fewer pairs say nothing that an interval could hold."""

RESAMPLES = 1_000


@dataclass(frozen=True, slots=True)
class Agreement:
    """How far two judges agree beyond chance: 1 wholly, 0 as chance would have it, below 0 against it."""

    estimate: float
    interval: Interval
    n: int


def krippendorff_alpha(
    first: Sequence[float], second: Sequence[float], rng: np.random.Generator, confidence: float = 0.95
) -> Agreement | NotKnown:
    """Return Krippendorff's alpha of two judges who scored the same things, at interval level.

    `1 - observed / expected disagreement`, disagreement being the squared difference (Krippendorff, Content
    Analysis, 2004, chapter 11). The interval is the percentile bootstrap over things, moved for bias.

    Guarantee: asymptotic; simulated at 95%, it holds the truth in 92 to 96% of samples of 30 to 200 things.
    Cost: O(1,000 n). Does not hold below 20 pairs, nor where things are not drawn one by one.

    >>> scores = np.linspace(0.0, 1.0, 50)
    >>> found = krippendorff_alpha(scores, scores + 0.1, np.random.default_rng(0))
    >>> isinstance(found, Agreement) and round(found.estimate, 2)
    0.94
    """
    a, b = _pairs(first, second)
    n = a.size
    if n < PAIRS_MIN:
        return NotKnown(f"{n} texts were judged by both, and {PAIRS_MIN} are needed")
    if np.ptp(np.concatenate((a, b))) == 0.0:
        return NotKnown("both gave one score to everything")
    drawn = rng.integers(0, n, (RESAMPLES, n))
    return _agreement(_alpha(a, b), _alpha(a[drawn], b[drawn]), n, confidence)


def cohen_kappa(
    first: Sequence[bool], second: Sequence[bool], rng: np.random.Generator, confidence: float = 0.95
) -> Agreement | NotKnown:
    """Return Cohen's kappa of two judges who said yes or no to the same things.

    `(observed - chance) / (1 - chance)` (Cohen, Educational and Psychological Measurement 20, 1960), with the
    percentile bootstrap over things, moved for bias. Guarantee and limits: as for `krippendorff_alpha`; where
    one of the answers is rare, many more pairs are needed. Cost: O(n).

    >>> found = cohen_kappa([True, False] * 25, [False, True] * 25, np.random.default_rng(0))
    >>> isinstance(found, Agreement) and found.estimate
    -1.0
    """
    a, b = _pairs(first, second)
    n = a.size
    if n < PAIRS_MIN:
        return NotKnown(f"{n} texts were judged by both, and {PAIRS_MIN} are needed")
    counts = np.bincount((a > 0.5) * 2 + (b > 0.5), minlength=4)
    if counts[0] == n or counts[3] == n:
        return NotKnown("both gave one verdict to everything")
    drawn = rng.multinomial(n, counts / n, RESAMPLES)
    return _agreement(_kappa(counts[None, :]), _kappa(drawn), n, confidence)


def _pairs(first: Sequence[float], second: Sequence[float]) -> tuple[Floats, Floats]:
    a, b = np.asarray(first, np.float64), np.asarray(second, np.float64)
    if a.ndim != 1 or a.shape != b.shape or not (np.isfinite(a).all() and np.isfinite(b).all()):
        raise InputError(f"pairs of finite numbers are needed, not {a.shape} beside {b.shape}")
    return a, b


def _alpha(a: Floats, b: Floats) -> Floats:
    n = a.shape[-1]
    observed = ((a - b) ** 2).mean(-1)
    pooled = np.concatenate((a, b), -1)
    expected = 2.0 * pooled.var(-1) * (2 * n) / (2 * n - 1)
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray(1.0 - observed / expected, np.float64).reshape(-1)


def _kappa(counts: NDArray[np.int64]) -> Floats:
    shares = counts / counts.sum(-1, keepdims=True)
    observed = shares[:, 0] + shares[:, 3]
    yes_first, yes_second = shares[:, 2] + shares[:, 3], shares[:, 1] + shares[:, 3]
    chance = yes_first * yes_second + (1.0 - yes_first) * (1.0 - yes_second)
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray((observed - chance) / (1.0 - chance), np.float64)


def _agreement(estimates: Floats, drawn: Floats, n: int, confidence: float) -> Agreement | NotKnown:
    """Return the estimate with the ends of what resampling makes of it, moved for bias (Efron 1987)."""

    normal, estimate = NormalDist(), float(estimates[0])
    known = drawn[np.isfinite(drawn)]
    if known.size < RESAMPLES // 2:
        return NotKnown("nearly everything was judged alike by both")
    below = float(((known < estimate).sum() + 0.5 * (known == estimate).sum()) / known.size)
    shift = normal.inv_cdf(min(max(below, 1.0 / RESAMPLES), 1.0 - 1.0 / RESAMPLES))
    tail = normal.inv_cdf((1.0 + confidence) / 2.0)
    ends = [normal.cdf(2.0 * shift - tail), normal.cdf(2.0 * shift + tail)]
    low, high = (float(end) for end in np.quantile(known, ends))
    return Agreement(estimate, Interval(min(low, estimate), max(high, estimate), confidence), n)
