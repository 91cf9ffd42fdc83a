"""The point: what one series held during one bucket of time."""

from dataclasses import dataclass

from homeostat.core.histogram import ExponentialHistogram
from homeostat.core.series import SeriesKey


@dataclass(frozen=True, slots=True)
class Moments:
    """Count, mean, spread and range of a set of values; merging is exact but for rounding.

    `m2` is the sum of squared differences from the mean (Chan, Golub and LeVeque 1983), so that the
    variance survives values that are large beside their spread. `last` is the newest value.
    """

    count: int
    mean: float
    m2: float
    minimum: float
    maximum: float
    last: float

    @property
    def total(self) -> float:
        """The sum of the values."""
        return self.mean * self.count

    @property
    def variance(self) -> float:
        """The sample variance; NaN below two values."""
        return self.m2 / (self.count - 1) if self.count > 1 else float("nan")

    def merge(self, later: "Moments") -> "Moments":
        """Return the moments of both sets together; `later` gives `last`."""
        if self.count == 0 or later.count == 0:
            return later if self.count == 0 else self
        n = self.count + later.count
        delta = later.mean - self.mean
        return Moments(
            count=n,
            mean=self.mean + delta * later.count / n,
            m2=self.m2 + later.m2 + delta * delta * self.count * later.count / n,
            minimum=min(self.minimum, later.minimum),
            maximum=max(self.maximum, later.maximum),
            last=later.last,
        )


@dataclass(frozen=True, slots=True)
class Point:
    """What one series held from `start_ns` on, for the length of its bucket of time.

    Of a counter the moments are those of its increments, so that `moments.total` is the increase.
    """

    series: SeriesKey
    start_ns: int
    moments: Moments
    histogram: ExponentialHistogram | None = None
