"""The latency model: how long a batch takes, as a line over its size, learned from those that ran."""

KEEP = 0.98
"""What a batch counts for when another one has run: some fifty are remembered."""

LEARNED_FROM = 3
"""Batches before which nothing is predicted."""

ALIKE = 1e-3
"""Sizes whose spread is below this share of their mean say nothing of the slope."""


class LatencyModel:
    """Least squares of `a + b * size` with exponential forgetting; `a` and `b` are at least 0.

    While all batches had one size, larger ones are supposed to take in proportion longer and smaller ones
    as long: neither is told too short. Cost: O(1) a batch. Does not hold where the time is no line over the
    size, such as beyond a device's memory.

    >>> model = LatencyModel()
    >>> for size in (1, 8, 64):
    ...     model.learn(size, 20.0 + 0.5 * size)
    >>> round(model.predict(32), 3)
    36.0
    """

    def __init__(self) -> None:
        self._n = 0
        self._weight = self._size = self._took = self._size_size = self._size_took = 0.0

    @property
    def knows(self) -> bool:
        """Whether there were batches enough to predict from."""
        return self._n >= LEARNED_FROM

    def learn(self, size: float, took: float) -> None:
        """Take in a batch: its size, and how long it took in any unit."""
        self._n += 1
        self._weight = KEEP * self._weight + 1.0
        self._size = KEEP * self._size + size
        self._took = KEEP * self._took + took
        self._size_size = KEEP * self._size_size + size * size
        self._size_took = KEEP * self._size_took + size * took

    def line(self) -> tuple[float, float]:
        """Return `a` and `b`, both 0 while nothing is known."""
        if not self.knows:
            return 0.0, 0.0
        size, took = self._size / self._weight, self._took / self._weight
        spread = self._spread()
        if spread == 0.0:
            return (0.0, took / size) if size > 0.0 else (took, 0.0)
        slope = (self._size_took / self._weight - size * took) / spread
        slope = min(max(slope, 0.0), took / size)
        return took - slope * size, slope

    def predict(self, size: float) -> float:
        """Return how long a batch of this size takes, 0 while nothing is known."""
        if not self.knows:
            return 0.0
        constant, slope = self.line()
        known = self._size / self._weight if self._spread() == 0.0 else 0.0
        return constant + slope * max(size, known)

    def _spread(self) -> float:
        """Return the variance of the sizes, 0 where they are alike."""
        size = self._size / self._weight
        spread = self._size_size / self._weight - size * size
        return spread if spread > (ALIKE * size) ** 2 else 0.0
