"""The book of series: gives each series of what comes in its key, and bounds their number."""

from homeostat.core.losses import Losses
from homeostat.core.metric import Kind
from homeostat.core.series import SeriesKey
from homeostat.observe.ingest.roster import IDLE_NS, SWEEP_NS, Roster

METRICS_MAX = 2_000
"""Names of metrics; what comes after them is dropped and counted."""

OVERFLOW = (("overflow", "true"),)


class SeriesBook:
    """Hands out the keys of series, at most `series_max` of one metric and `METRICS_MAX` metrics.

    Further attribute sets of a metric share its series marked `overflow`; both are counted. Where there is no
    place, series (and metrics) that were idle for an hour are forgotten, which is counted too: one that
    comes back is a new one with the same key. What cumulative streams held before is remembered elsewhere.
    """

    def __init__(self, losses: Losses, series_max: int) -> None:
        self._losses = losses
        self._series_max = series_max
        self._metrics: dict[str, Roster[SeriesKey, SeriesKey]] = {}
        self._swept_ns = 0

    def key(
        self, metric: str, kind: Kind, unit: str, attributes: tuple[tuple[str, str], ...], now_ns: int
    ) -> SeriesKey | None:
        """Return the key of a series, that of the overflow, or None where there are too many metrics."""
        key = SeriesKey(metric, kind, unit, attributes)
        series = self._metrics.get(metric)
        if series is None:
            if len(self._metrics) >= METRICS_MAX and not self._forget_metrics(now_ns):
                self._losses.add("ingest.metrics_limit")
                return None
            series = self._metrics[metric] = Roster(self._series_max)
        found = series.find(key, now_ns)
        if found is not None:
            return found
        forgotten = series.make_room(now_ns)
        if forgotten:
            self._losses.add("ingest.series_forgotten", forgotten)
        if series.add(key, key, now_ns):
            return key
        self._losses.add("ingest.series_limit")
        return SeriesKey(metric, kind, unit, OVERFLOW)

    def _forget_metrics(self, now_ns: int) -> bool:
        if now_ns < self._swept_ns + SWEEP_NS:
            return False
        self._swept_ns = now_ns
        idle = [name for name, series in self._metrics.items() if series.seen_ns + IDLE_NS <= now_ns]
        for name in idle:
            self._losses.add("ingest.series_forgotten", len(self._metrics.pop(name)))
        return bool(idle)
