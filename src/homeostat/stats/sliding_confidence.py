"""The confidence for a window that slides while someone looks."""

import math
from statistics import NormalDist

STEPS = 60
_NORMAL = NormalDist()


def sliding_confidence(windows: float, error: float = 0.05) -> float:
    """Return the confidence that one look needs so that no look errs while the window slides on.

    The mean of a sliding window of many independent values moves like a Gaussian process whose
    correlation falls linearly to zero over one window's length. It crosses the level `z` about
    `z phi(z)` times a window's length (Slepian 1961; Aldous, Probability Approximations via the Poisson
    Clumping Heuristic, 1989, C23), so that within `windows` lengths one of two ends is crossed with
    probability `error` where `2 (windows z phi(z) + 1 - Phi(z)) = error`.

    Guarantee: for independent values, looked at as often as one likes over so many lengths of the
    window, an interval of this confidence errs at any moment with probability at most about `error`
    (where the interval is exact that far out in the tails). Does not hold on autocorrelated values.
    Cost: 60 evaluations of the normal distribution.

    >>> round(_NORMAL.inv_cdf(0.5 + sliding_confidence(144) / 2), 2)
    4.29
    """
    if windows < 0 or not 0 < error < 1:
        raise ValueError(f"windows must be 0 or more and error lie in (0, 1), not {windows!r} and {error!r}")
    low, high = _NORMAL.inv_cdf(1 - error / 2), 8.0
    for _ in range(STEPS):
        z = (low + high) / 2
        if 2 * (windows * z * _NORMAL.pdf(z) + _NORMAL.cdf(-z)) > error:
            low = z
        else:
            high = z
    return 1.0 - math.erfc(high / math.sqrt(2))
