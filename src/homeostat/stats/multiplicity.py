"""Many questions at once: which of many findings to tell, so that few of those told are false.

Both procedures hold the false discovery rate: the expected share of false ones among those told. Which one
depends on what the evidence is:

- **Benjamini-Hochberg** takes p-values of tests that were looked at once, and independent of one another
  or positively dependent: a report over many metrics; correlations of pairs of series.
- **e-BH** takes e-values and allows any dependence, and any time of looking: sequential tests of metrics of
  the same requests, in a trial or on a page that is looked at all day. Costs power where p-values would do.

An e-value is evidence against a hypothesis, expected to be at most 1 while it is true: the likelihood ratio
of a mixture at any time, or a p-value by `e_value_of`.
"""

import math

import numpy as np
from numpy.typing import ArrayLike, NDArray

from homeostat.core.errors import ConfigError, InputError

Told = NDArray[np.bool_]


def adjusted(p_values: ArrayLike) -> list[float]:
    """Return for each p-value the smallest false discovery rate at which it is told.

    Guarantee: telling all those of at most `q` keeps the false discovery rate at most at `q`, for independent
    or positively dependent p-values (Benjamini and Hochberg, JRSS B 57, 1995; Benjamini and Yekutieli 2001).
    Does not hold for p-values that were looked at until they were small. Cost: a sort. Raises InputError on a
    p-value outside of 0 to 1.

    >>> adjusted([0.01, 0.04, 0.03])
    [0.03, 0.04, 0.04]
    """
    values = _row(p_values, 1.0)
    order = np.argsort(-values, kind="stable")
    ranks = np.arange(values.size, 0, -1)
    found = np.empty(values.size)
    found[order] = np.minimum(np.minimum.accumulate(values[order] * values.size / ranks), 1.0)
    return [float(q) for q in found]


def benjamini_hochberg(p_values: ArrayLike, rate: float = 0.05) -> Told:
    """Return which hypotheses are rejected, in the order given.

    Guarantee, cost and when it does not hold: those of `adjusted`.

    >>> benjamini_hochberg([0.001, 0.02, 0.03, 0.5]).tolist()
    [True, True, True, False]
    """
    _check(rate)
    told: Told = np.array(adjusted(p_values)) <= rate
    return told


def e_benjamini_hochberg(e_values: ArrayLike, rate: float = 0.05) -> Told:
    """Return which hypotheses are rejected, in the order given.

    Guarantee: false discovery rate at most `rate` for e-values that depend on one another in any way
    (Wang and Ramdas, JRSS B 84, 2022; arXiv 2009.02824), each of a sequential test stopped at any time.
    Cost: a sort. Raises InputError on a negative e-value; infinity is allowed.

    >>> e_benjamini_hochberg([900.0, 45.0, 2.0, 0.1]).tolist()
    [True, True, False, False]
    """
    _check(rate)
    values = _row(e_values, math.inf)
    ordered = np.sort(values)[::-1]
    passed = np.flatnonzero(ordered * np.arange(1, values.size + 1) >= values.size / rate)
    told: Told = values >= (ordered[passed[-1]] if passed.size else math.inf)
    return told if passed.size else np.zeros(values.size, dtype=np.bool_)


def e_value_of(p_value: float) -> float:
    """Return an e-value for a p-value, 1 / (2 sqrt(p)) (Vovk and Wang, Annals of Statistics 49, 2021).

    >>> e_value_of(0.0001)
    50.0
    """
    if not 0.0 <= p_value <= 1.0:
        raise InputError(f"a p-value lies between 0 and 1, not {p_value}")
    return 0.5 / math.sqrt(p_value) if p_value > 0.0 else math.inf


def _check(rate: float) -> None:
    if not 0.0 < rate < 1.0:
        raise ConfigError(f"rate must lie between 0 and 1, such as 0.05, not {rate}")


def _row(values: ArrayLike, most: float) -> NDArray[np.float64]:
    array = np.asarray(values, dtype=np.float64)
    if array.ndim != 1:
        raise InputError(f"evidence must be one row of numbers, not of shape {array.shape}")
    good = (array >= 0.0) & (array <= most)
    if not good.all():
        raise InputError(f"evidence must lie between 0 and {most}, not be {float(array[~good][0])!r}")
    return array
