"""The exponential histogram: a distribution as counts in buckets of equal ratio.

It is the wire format of OpenTelemetry's ExponentialHistogram data point and of Prometheus' native
histograms: at scale `s` the bucket `i` holds the values in `(base**i, base**(i + 1)]` with
`base = 2**(2**-s)`. How to fill, merge and read one is the work of `homeostat.stats.sketch`.
"""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Counts = NDArray[np.int64]


def _empty() -> "Counts":
    import numpy as np  # loaded with the first histogram, not at an application's start

    return np.zeros(0, dtype=np.int64)


@dataclass(frozen=True, slots=True, eq=False)
class Buckets:
    """Counts of consecutive buckets, the first of which has the index `offset`."""

    offset: int = 0
    counts: "Counts" = field(default_factory=_empty)


@dataclass(frozen=True, slots=True, eq=False)
class ExponentialHistogram:
    """Counts of the positive values, the negative ones (by magnitude) and the zeros."""

    scale: int
    zero_count: int = 0
    positive: Buckets = field(default_factory=Buckets)
    negative: Buckets = field(default_factory=Buckets)
