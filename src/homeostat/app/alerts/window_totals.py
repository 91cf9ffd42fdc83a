"""The window totals: the series of a window that ends now, read from the store no more often than needed."""

from collections.abc import Mapping

from homeostat.core.clock import DAY_NS, MINUTE_NS, SECOND_NS
from homeostat.core.query import LEVELS_NS, Frame, FrameQuery, Store, Total, TotalQuery
from homeostat.core.series import SeriesKey
from homeostat.judge.targets.target import DEFAULT_WINDOW_NS

READS_PER_WINDOW = 120
BATCHES = 40
SINCE_MAX = 1_000


class WindowTotals:
    """Reads the totals that rules need. A window is read anew once it moved by a 120th of its length."""

    def __init__(self, store: Store, interval_ns: int) -> None:
        self._store = store
        self._interval_ns = interval_ns
        self._kept: dict[tuple[str | None, int], tuple[int, dict[str, dict[SeriesKey, Total]]]] = {}
        self._frames: dict[tuple[str, int], tuple[int, dict[SeriesKey, Frame]]] = {}
        self._since_ns: dict[str, int] = {}
        self._now_ns = 0

    def at(self, now_ns: int) -> None:
        """Set the time at which windows end, and forget those that nobody asked for lately."""
        self._now_ns = now_ns
        old = [k for k, (ns, _) in self._kept.items() if now_ns - ns > max(2 * k[1], DAY_NS) or ns > now_ns]
        for key in old:
            del self._kept[key]
        for pair in [k for k, (ns, _) in self._frames.items() if not 0 <= now_ns - ns <= k[1]]:
            del self._frames[pair]

    def totals(self, metric: str, window_ns: int) -> Mapping[SeriesKey, Total]:
        """Return the series of a metric over a window. The usual window is read for all metrics at once."""
        asked = None if window_ns == DEFAULT_WINDOW_NS else metric
        key = (asked, window_ns)
        fresh_ns = max(self._interval_ns, window_ns // READS_PER_WINDOW)
        kept = self._kept.get(key)
        if kept is None or self._now_ns - kept[0] >= fresh_ns:
            found = self._store.read(TotalQuery(self._now_ns - window_ns, self._now_ns + SECOND_NS, asked))
            by_metric: dict[str, dict[SeriesKey, Total]] = {}
            for series, total in found.items():
                by_metric.setdefault(series.metric, {})[series] = total
            kept = self._kept[key] = (self._now_ns, by_metric)
        return kept[1].get(metric, {})

    def frames(self, metric: str, window_ns: int) -> Mapping[SeriesKey, Frame]:
        """Return a metric over a window in buckets of the largest width of which some tens fit in."""
        key = (metric, window_ns)
        kept = self._frames.get(key)
        if kept is None or self._now_ns - kept[0] >= max(self._interval_ns, window_ns // READS_PER_WINDOW):
            level_ns = next((w for w in reversed(LEVELS_NS) if window_ns // w >= BATCHES), LEVELS_NS[0])
            query = FrameQuery(self._now_ns - window_ns, self._now_ns + SECOND_NS, level_ns, metric)
            kept = self._frames[key] = (self._now_ns, self._store.read(query))
        return kept[1]

    def seconds(self, service: str, window_ns: int) -> float:
        """Return for how long of a window a service was observed, at least a second."""
        if service not in self._since_ns:
            if len(self._since_ns) >= SINCE_MAX:
                self._since_ns.clear()
            self._since_ns[service] = self._first_ns(service)
        observed_ns = self._now_ns - self._since_ns[service]
        return max(min(window_ns, observed_ns), SECOND_NS) / 1e9

    def _first_ns(self, service: str) -> int:
        attributes = {"service": service} if service else {}
        query = FrameQuery(self._now_ns - DAY_NS, self._now_ns + SECOND_NS, MINUTE_NS, attributes=attributes)
        firsts = [int(f.start_ns[0]) for f in self._store.read(query).values() if f.start_ns.size]
        first = min(firsts, default=self._now_ns)
        return 0 if first <= self._now_ns - DAY_NS + 2 * MINUTE_NS else first
