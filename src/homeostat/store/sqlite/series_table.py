"""The series table: ids of series, cached in the process."""

import sqlite3
import threading
from collections import defaultdict
from collections.abc import Iterable

import msgspec

from homeostat.core.clock import DAY_NS
from homeostat.core.metric import Kind
from homeostat.core.point import Point
from homeostat.core.series import Attributes, SeriesKey
from homeostat.store.mend import plain_text

SEEN_SLACK_NS = 12 * DAY_NS
"""A series is forgotten this long after its last point has expired: one coarsest slot, and two days."""

RENEWED_NS = DAY_NS
"""That a series was seen is written down again after this long."""

_attributes = msgspec.json.Decoder(Attributes)


class SeriesIds:
    """Ids by key, for writing. Used under the writer's lock."""

    def __init__(self) -> None:
        self._ids: dict[SeriesKey, tuple[int, int]] = {}
        self._forgotten = -1

    def clear(self) -> None:
        """Drop what is cached: a transaction that made ids was rolled back."""
        self._ids.clear()

    def of(self, connection: sqlite3.Connection, points: Iterable[Point]) -> list[int]:
        """Return the id of each point's series, new where need be, within a write transaction."""
        (forgotten,) = connection.execute("SELECT forgotten_series FROM totals").fetchone()
        if forgotten != self._forgotten:
            self._ids.clear()
            self._forgotten = forgotten
        ids = self._ids
        found: list[int] = []
        for point in points:
            key = point.series
            known = ids.get(key)
            if known is None or point.start_ns > known[1]:
                known = ids[key] = (_insert(connection, key, point.start_ns), point.start_ns + RENEWED_NS)
            found.append(known[0])
        return found


def _insert(connection: sqlite3.Connection, key: SeriesKey, seen_ns: int) -> int:
    attributes = [(plain_text(name), plain_text(value)) for name, value in key.attributes]
    row = (
        plain_text(key.metric),
        key.kind.value,
        plain_text(key.unit),
        msgspec.json.encode(attributes).decode(),
    )
    connection.execute(
        "INSERT INTO series (metric, kind, unit, attributes, seen_ns) VALUES (?, ?, ?, ?, ?)"
        " ON CONFLICT DO UPDATE SET seen_ns = max(seen_ns, excluded.seen_ns)",
        (*row, seen_ns),
    )
    (found,) = connection.execute(
        "SELECT id FROM series WHERE metric = ? AND kind = ? AND unit = ? AND attributes = ?", row
    ).fetchone()
    return int(found)


class SeriesKeys:
    """Keys by id, for reading. Any thread may ask."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._by_metric: defaultdict[str, dict[int, SeriesKey]] = defaultdict(dict)
        self._newest = 0
        self._forgotten = -1

    def matching(
        self, connection: sqlite3.Connection, metric: str | None, attributes: dict[str, str]
    ) -> dict[int, SeriesKey]:
        """Return the series of a metric (of all, if None) that have these attributes, by id."""
        with self._lock:
            self._refresh(connection)
            if metric is None:
                known = {i: k for keys in self._by_metric.values() for i, k in keys.items()}
            else:
                known = dict(self._by_metric.get(metric, {}))
        return {i: k for i, k in known.items() if k.matches(attributes)} if attributes else known

    def _refresh(self, connection: sqlite3.Connection) -> None:
        (forgotten,) = connection.execute("SELECT forgotten_series FROM totals").fetchone()
        if forgotten != self._forgotten:
            self._by_metric.clear()
            self._newest, self._forgotten = 0, forgotten
        for i, metric, kind, unit, attributes in connection.execute(
            "SELECT id, metric, kind, unit, attributes FROM series WHERE id > ? ORDER BY id", (self._newest,)
        ):
            key = SeriesKey(metric, Kind(kind), unit, _attributes.decode(attributes))
            self._by_metric[metric][i] = key
            self._newest = i


def forget_series(connection: sqlite3.Connection, before_ns: int, limit: int) -> int:
    """Delete series that were last seen before a time; every process then renews its cache."""
    found = connection.execute(
        "DELETE FROM series WHERE id IN (SELECT id FROM series WHERE seen_ns < ? LIMIT ?)", (before_ns, limit)
    ).rowcount
    if found:
        connection.execute("UPDATE totals SET forgotten_series = forgotten_series + 1")
    return found
