"""The registry: all recorders of one process, bounded in number."""

import threading
from collections import Counter as Tally
from typing import TYPE_CHECKING

from homeostat.core.errors import ConfigError
from homeostat.core.losses import Losses
from homeostat.core.metric import Kind
from homeostat.core.point import Point
from homeostat.core.series import SeriesKey
from homeostat.observe.recorder import Recorder

if TYPE_CHECKING:
    from homeostat.observe.snapshot import Snapshot

SERIES_MAX = 1_000
"""Series of one metric; further attribute sets share one series marked `overflow`."""

OVERFLOW = {"overflow": "true"}


class Registry:
    """Recorders by key. Any thread may ask for one; folding is serialised."""

    def __init__(self, losses: Losses, series_max: int = SERIES_MAX) -> None:
        if series_max < 1:
            raise ConfigError(f"series_max must be at least 1, not {series_max}")
        self._losses = losses
        self._series_max = series_max
        self._lock = threading.Lock()
        self._fold_lock = threading.Lock()
        self._recorders: dict[SeriesKey, Recorder] = {}
        self._series: Tally[str] = Tally()

    def recorder(self, metric: str, kind: Kind, unit: str, attributes: dict[str, object]) -> Recorder:
        """Return the recorder of a series, new if need be.

        Past `series_max` series of the metric, the shared overflow series is returned and the hit counted.
        """
        if not metric or not isinstance(metric, str):
            raise ConfigError(
                f"a metric's name must be a non-empty text such as 'answer.duration', not {metric!r}"
            )
        key = SeriesKey.of(metric, kind, unit, attributes)
        found = self._recorders.get(key)
        if found is not None:
            return found
        with self._lock:
            if self._series[metric] >= self._series_max and attributes != OVERFLOW:
                self._losses.add("record.series_limit")
                key = SeriesKey.of(metric, kind, unit, dict(OVERFLOW))
            found = self._recorders.get(key)
            if found is None:
                found = self._recorders[key] = Recorder(key)
                self._series[metric] += 1
            return found

    def fold(self, begin_ns: int, end_ns: int) -> tuple[Point, ...]:
        """Fold all buffers filled between two times, and return one point for each series that had values."""
        with self._fold_lock:
            points = [r.fold(begin_ns, end_ns, self._losses) for r in list(self._recorders.values())]
        return tuple(p for p in points if p is not None)

    def forget_buffered(self) -> None:
        """Drop what is buffered, and start with fresh locks: for a forked child, whose threads are gone."""
        self._lock = threading.Lock()
        self._fold_lock = threading.Lock()
        for recorder in self._recorders.values():
            recorder.buffer.clear()

    def snapshot(self, metric: str, attributes: dict[str, object]) -> "Snapshot":
        """Return what is known of a metric since the start, up to the last fold."""
        from homeostat.observe.snapshot import snapshot_of

        wanted = {k: str(v) for k, v in attributes.items()}
        with self._fold_lock:
            return snapshot_of(
                metric,
                [
                    r
                    for r in list(self._recorders.values())
                    if r.key.metric == metric and r.key.matches(wanted)
                ],
            )
