"""The distribution column: do the values of late come from where values came from before?"""

import math
from bisect import bisect_left

_BINS = 16
_FIRST = 100
_FAST = 0.0075
_SLOW = 0.0005
_EVERY = 4
"""The edges follow the quantiles in one of so many records, with so many times the step."""
_FLOOR = 1e-3
_NOTHING = 1e-6


class Distribution:
    """The relative entropy of the values of the last some 130 records, against those of some 2,000, in nats.

    Over 16 bins between the quantiles of the series, which follow it by stochastic approximation. 0 until
    100 values have come. It sees what the other columns do not: values in the usual range but in unusual
    proportions. Holds 50 numbers. Source: Wang and others, "Statistical techniques for online anomaly
    detection in data centers", IM 2011 (windowed relative entropy), with decaying windows.
    """

    __slots__ = ("_count", "_edges", "_fast", "_first", "_slow")

    def __init__(self) -> None:
        self._count = 0
        self._first: list[float] = []
        self._edges: list[float] = []
        self._fast: list[float] = []
        self._slow: list[float] = []

    def update(self, value: float) -> float:
        """Return the statistic of the next record."""
        self._count += 1
        edges = self._edges
        if not edges:
            self._first.append(value)
            if self._count == _FIRST:
                first = sorted(self._first)
                self._edges = [first[(i + 1) * _FIRST // _BINS] for i in range(_BINS - 1)]
                shares = [0.0] * _BINS
                for known in first:
                    shares[bisect_left(self._edges, known)] += 1.0 / _FIRST
                self._fast, self._slow = shares, shares
                self._first = []
            return 0.0
        gain = max(1.0 / (self._count), _SLOW)
        keep_fast, keep_slow = 1.0 - _FAST, 1.0 - gain
        fast = [share * keep_fast for share in self._fast]
        slow = [share * keep_slow for share in self._slow]
        found = bisect_left(edges, value)
        fast[found] += _FAST
        slow[found] += gain
        self._fast, self._slow = fast, slow
        if self._count % _EVERY == 0:
            step = 2.0 * _EVERY * _SLOW * (edges[-1] - edges[0]) / _BINS
            self._edges = [edge + step * ((i + 1) / _BINS - (value <= edge)) for i, edge in enumerate(edges)]
        log = math.log
        entropy = sum([f * log((f + _FLOOR) / (s + _FLOOR)) for f, s in zip(fast, slow, strict=True)])
        return entropy if entropy > _NOTHING else 0.0
