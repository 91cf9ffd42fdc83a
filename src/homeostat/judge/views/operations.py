"""The operations: how often each ran and failed, how long it took, and its share of the time."""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from functools import reduce

from homeostat.core.point import Moments
from homeostat.core.query import Frame, Total
from homeostat.core.series import SeriesKey
from homeostat.judge.views.window import SPARK_POINTS, Window, line_of
from homeostat.stats.sketch import merge, quantiles
from homeostat.stats.wilson_interval import wilson_interval

DURATION = "operation.duration"
ERRORS = "operation.errors"


@dataclass(frozen=True, slots=True)
class OperationRow:
    """One operation over the window.

    `busy` is how many of it were in progress on average (its total time over the window's: Little's
    law). `time_share` is its share of the critical paths of the traces looked at, None where it was in
    none. `errors_low` and `errors_high` are Wilson's 95% interval for `error_share`.
    """

    operation: str
    n: int
    rate_per_s: float
    errors: int
    error_share: float
    errors_low: float
    errors_high: float
    error_types: tuple[tuple[str, int], ...]
    mean_ms: float
    p50_ms: float
    p95_ms: float
    p99_ms: float
    max_ms: float
    busy: float
    time_share: float | None
    points: tuple[float | None, ...]


def operations(
    durations: Mapping[SeriesKey, Total],
    errors: Mapping[SeriesKey, Total],
    frames: Mapping[SeriesKey, Frame],
    time_shares: Mapping[str, float],
    window: Window,
) -> tuple[OperationRow, ...]:
    """Return one row an operation over all services, the one that takes most time first."""
    by_operation: dict[str, list[tuple[float, Total]]] = defaultdict(list)
    for key, total in durations.items():
        if total.moments.count:
            by_operation[key.get("operation")].append((window.seconds(key.get("service")), total))
    failed: dict[str, dict[str, int]] = defaultdict(dict)
    for key, total in errors.items():
        kinds = failed[key.get("operation")]
        kind = key.get("error", "unknown")
        kinds[kind] = kinds.get(kind, 0) + round(total.moments.total)
    lines: dict[str, Frame] = {}
    for key, frame in frames.items():
        known = lines.get(key.get("operation"))
        if known is None or known.count.sum() < frame.count.sum():
            lines[key.get("operation")] = frame
    rows = [
        _row(name, totals, failed.get(name, {}), lines.get(name), time_shares.get(name), window)
        for name, totals in by_operation.items()
    ]
    return tuple(sorted(rows, key=lambda r: (-(r.time_share or 0.0), -r.busy, r.operation)))


def _row(
    name: str,
    seen: list[tuple[float, Total]],
    failed: Mapping[str, int],
    frame: Frame | None,
    share: float | None,
    window: Window,
) -> OperationRow:
    totals = [total for _, total in seen]
    moments = reduce(Moments.merge, (t.moments for t in totals))
    histogram = merge(t.histogram for t in totals if t.histogram is not None)
    p50, p95, p99 = (
        float(v) for v in quantiles(histogram, (0.5, 0.95, 0.99), moments.minimum, moments.maximum)
    )
    errors = min(sum(failed.values()), moments.count)
    interval = wilson_interval(errors, moments.count)
    assert interval is not None
    points: tuple[float | None, ...] = ()
    if frame is not None:
        points = line_of(frame, "p95", window, SPARK_POINTS)
    return OperationRow(
        operation=name,
        n=moments.count,
        rate_per_s=sum(total.moments.count / seconds for seconds, total in seen),
        errors=errors,
        error_share=errors / moments.count,
        errors_low=interval.low,
        errors_high=interval.high,
        error_types=tuple(sorted(failed.items(), key=lambda kv: (-kv[1], kv[0]))),
        mean_ms=moments.mean,
        p50_ms=p50,
        p95_ms=p95,
        p99_ms=p99,
        max_ms=moments.maximum,
        busy=sum(total.moments.total / 1e3 / seconds for seconds, total in seen),
        time_share=share,
        points=points,
    )
