"""False discovery: which of many tests may be told, so that few of those told are false."""

from collections.abc import Sequence


def adjusted(p_values: Sequence[float]) -> list[float]:
    """Return for each p-value the smallest false discovery rate at which it is told.

    Guarantee: telling all those of at most `q` keeps the expected share of false ones among them at most at
    `q`, for tests that are independent or depend on each other positively (Benjamini and Hochberg, JRSS B
    57, 1995; Benjamini and Yekutieli 2001). Cost: a sort. Does not hold for tests that are repeated until
    they tell something.

    >>> adjusted([0.01, 0.04, 0.03])
    [0.03, 0.04, 0.04]
    """
    order = sorted(range(len(p_values)), key=p_values.__getitem__, reverse=True)
    found = [1.0] * len(p_values)
    least = 1.0
    for rank, i in zip(range(len(order), 0, -1), order, strict=True):
        least = min(least, p_values[i] * len(p_values) / rank)
        found[i] = least
    return found
