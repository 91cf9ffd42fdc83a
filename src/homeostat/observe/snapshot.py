"""The snapshot: what is known of a metric at this moment, in one value."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import reduce

import numpy as np

from homeostat.core.interval import Interval
from homeostat.core.point import Moments
from homeostat.observe.recorder import Recorder
from homeostat.stats.sketch import merge, quantiles
from homeostat.stats.t_interval import t_interval

NAN = float("nan")


@dataclass(frozen=True, slots=True)
class Snapshot:
    """One metric since the start, over all series that matched.

    Quantiles come from the sketch (within 0.55%) and are NaN for counters and gauges. `rate` is values
    a second over about the last minute. `interval` is Student's t for the mean of the last 1,000 values
    (`window_count`, `window_mean`), None below 30: it holds for one look at independent samples.
    """

    metric: str
    unit: str
    series: int
    count: int
    total: float
    mean: float
    variance: float
    minimum: float
    maximum: float
    last: float
    rate: float
    p50: float
    p90: float
    p95: float
    p99: float
    window_count: int
    window_mean: float
    interval: Interval | None


def snapshot_of(metric: str, recorders: Sequence[Recorder]) -> Snapshot:
    """Merge the recorders of one metric into a snapshot; without values the numbers are NaN."""
    filled = [r.folded for r in recorders if r.folded is not None and r.folded.moments is not None]
    moments = reduce(
        Moments.merge, (f.moments for f in filled if f.moments), Moments(0, NAN, 0.0, NAN, NAN, NAN)
    )
    histograms = [f.histogram for f in filled if f.histogram is not None]
    levels = (
        quantiles(merge(histograms), (0.5, 0.9, 0.95, 0.99), moments.minimum, moments.maximum)
        if histograms
        else np.full(4, NAN)
    )
    window = np.concatenate([f.window() for f in filled]) if filled else np.empty(0)
    mean = float(window.mean()) if window.size else NAN
    variance = float(window.var(ddof=1)) if window.size > 1 else NAN
    rates = np.array([f.rate() for f in filled])
    return Snapshot(
        metric=metric,
        unit=next((r.key.unit for r in recorders), ""),
        series=len(filled),
        count=moments.count,
        total=moments.total if moments.count else 0.0,
        mean=moments.mean,
        variance=moments.variance,
        minimum=moments.minimum,
        maximum=moments.maximum,
        last=moments.last,
        rate=float(np.nansum(rates)) if rates.size and not np.isnan(rates).all() else NAN,
        p50=float(levels[0]),
        p90=float(levels[1]),
        p95=float(levels[2]),
        p99=float(levels[3]),
        window_count=window.size,
        window_mean=mean,
        interval=t_interval(window.size, mean, variance),
    )
