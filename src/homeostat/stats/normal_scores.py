"""Normal scores: each value replaced by the normal quantile of its rank (van der Waerden).

Whatever the distribution of independent values, their scores are the same numbers in random order. A
statistic of the scores therefore has one null distribution for all data, and no wild value weighs more
than its rank. Next to the t-test nothing is lost on normal data, and much is gained on heavy tails.
"""

from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]

SCORE_MAX = 3.5
"""Bound of a score among ties: few odd values among equal ones must not weigh like many."""

_RADIX_FROM = 80
"""From this length on numpy's radix sort of 16-bit ranks, which is its stable one, is the fastest."""

_NEAR_ABOVE = (
    *(-39.69683028665376, 220.9460984245205, -275.9285104469687),
    *(138.357751867269, -30.66479806614716, 2.506628277459239),
)
_NEAR_BELOW = (
    *(-54.47609879822406, 161.5858368580409, -155.6989798598866),
    *(66.80131188771972, -13.28068155288572, 1.0),
)
_FAR_ABOVE = (
    *(-0.007784894002430293, -0.3223964580411365, -2.400758277161838),
    *(-2.549732539343734, 4.374664141464968, 2.938163982698783),
)
_FAR_BELOW = (
    *(0.007784695709041462, 0.3224671290700398),
    *(2.445134137142996, 3.754408661907416, 1.0),
)
_FAR_FROM = 0.02425


def normal_quantile(probability: ArrayLike) -> Floats:
    """Return the standard normal quantiles of probabilities strictly between 0 and 1, of any shape.

    Acklam's rational approximation: relative error below 1.2e-9. It stands in for a loop over
    `NormalDist.inv_cdf`, which takes 60 times as long.

    >>> [round(float(z), 6) for z in normal_quantile([0.001, 0.5, 0.975])]
    [-3.090232, 0.0, 1.959964]
    """
    p = np.asarray(probability, dtype=np.float64)
    centred = p - 0.5
    near = centred * np.polyval(_NEAR_ABOVE, centred**2) / np.polyval(_NEAR_BELOW, centred**2)
    root = np.sqrt(-2.0 * np.log(np.minimum(p, 1.0 - p)))
    far = np.polyval(_FAR_ABOVE, root) / np.polyval(_FAR_BELOW, root)
    return np.where(np.abs(centred) <= 0.5 - _FAR_FROM, near, -np.sign(centred) * far)


@lru_cache(maxsize=64)
def score_table(size: int) -> Floats:
    """Return the scores of ranks 0 to `size - 1`, scaled to a sample variance of exactly 1."""
    scores = normal_quantile((np.arange(size) + 0.5) / size)
    table: Floats = scores / np.sqrt((scores**2).sum() / max(size - 1, 1)) if size > 1 else np.zeros(size)
    table.flags.writeable = False
    return table


def normal_scores(rows: NDArray[Any], *, tied: bool = True) -> Floats:
    """Return the normal scores of each row of a matrix.

    Equal values share the mean of their scores, which is then rescaled to a variance of 1, bounded by
    `SCORE_MAX`, and centred; a row of equal values scores 0 throughout. `tied=False` says that no two
    values of a row are equal, and saves a third of the time. Cost: sorting; rows may be ranks instead
    of values, and sort up to ten times faster as 16-bit integers.

    >>> normal_scores(np.array([[30.0, 10.0, 20.0], [5.0, 5.0, 5.0]])).round(2) + 0.0
    array([[ 1., -1.,  0.],
           [ 0.,  0.,  0.]])
    """
    long_ranks = rows.dtype == np.uint16 and rows.shape[1] >= _RADIX_FROM
    order = rows.argsort(axis=1, kind="stable" if long_ranks else None)
    sorted_scores = np.broadcast_to(score_table(rows.shape[1]), rows.shape)
    if tied:
        sorted_scores = _share_between_ties(np.take_along_axis(rows, order, axis=1), sorted_scores)
    scores = np.empty(rows.shape)
    np.put_along_axis(scores, order, sorted_scores, axis=1)
    return scores


def _share_between_ties(in_order: NDArray[Any], scores: Floats) -> Floats:
    first = np.ones(in_order.shape, dtype=np.bool_)
    np.not_equal(in_order[:, 1:], in_order[:, :-1], out=first[:, 1:])
    starts = np.flatnonzero(first)
    sizes = np.diff(np.append(starts, in_order.size))
    shared = np.repeat(np.add.reduceat(scores.ravel(), starts) / sizes, sizes).reshape(in_order.shape)
    spread = np.sqrt((shared**2).sum(axis=1, keepdims=True) / max(in_order.shape[1] - 1, 1))
    rescaled = (shared / np.where(spread > 1e-9, spread, np.inf)).clip(-SCORE_MAX, SCORE_MAX)
    centred: Floats = rescaled - rescaled.mean(axis=1, keepdims=True)
    return centred
