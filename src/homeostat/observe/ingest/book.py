"""The book of series: gives each series of what comes in its key, and bounds their number."""

from collections import Counter

from homeostat.core.losses import Losses
from homeostat.core.metric import Kind
from homeostat.core.series import SeriesKey

METRICS_MAX = 2_000
"""Names of metrics; what comes after them is dropped and counted."""

OVERFLOW = (("overflow", "true"),)


class SeriesBook:
    """Hands out the keys of series, at most `series_max` of one metric and `METRICS_MAX` metrics.

    Further attribute sets of a metric share its series marked `overflow`; both are counted.
    """

    def __init__(self, losses: Losses, series_max: int) -> None:
        self._losses = losses
        self._series_max = series_max
        self._keys: dict[SeriesKey, SeriesKey] = {}
        self._series: Counter[str] = Counter()

    def key(
        self, metric: str, kind: Kind, unit: str, attributes: tuple[tuple[str, str], ...]
    ) -> SeriesKey | None:
        """Return the key of a series, that of the overflow, or None where there are too many metrics."""
        key = SeriesKey(metric, kind, unit, attributes)
        found = self._keys.get(key)
        if found is not None:
            return found
        if metric not in self._series and len(self._series) >= METRICS_MAX:
            self._losses.add("ingest.metrics_limit")
            return None
        if self._series[metric] >= self._series_max:
            self._losses.add("ingest.series_limit")
            return SeriesKey(metric, kind, unit, OVERFLOW)
        self._series[metric] += 1
        self._keys[key] = key
        return key
