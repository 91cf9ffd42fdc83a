"""The series table: ids of series, cached in the process."""

import hashlib
import threading
from collections import defaultdict
from collections.abc import Iterable
from typing import Any

import msgspec

from homeostat.core.clock import DAY_NS
from homeostat.core.metric import Kind
from homeostat.core.point import Point
from homeostat.core.series import Attributes, SeriesKey
from homeostat.store.mend import plain_text
from homeostat.store.postgres.connections import Connection
from homeostat.store.postgres.locks import Lock, take
from homeostat.store.postgres.text import storable

SEEN_SLACK_NS = 12 * DAY_NS
"""A series is forgotten this long after its last point has expired: one coarsest slot, and two days."""

RENEWED_NS = DAY_NS
"""That a series was seen is written down again after this long."""

_attributes = msgspec.json.Decoder(Attributes)

# Not an upsert: that takes an id from the sequence also for what is there, and every restart of a node would
# spread the ids of new series over further bands.
_SEE = """UPDATE homeostat.series SET seen_ns = greatest(series.seen_ns, seen.seen_ns)
    FROM unnest(%b::bytea[], %b::bigint[]) AS seen (key, seen_ns)
    WHERE series.key = seen.key RETURNING series.key, series.id"""
_ADD = """INSERT INTO homeostat.series (key, metric, kind, unit, attributes, seen_ns)
    SELECT * FROM unnest(%b::bytea[], %s::text[], %s::text[], %s::text[], %s::text[], %b::bigint[])
    RETURNING key, id"""


class SeriesIds:
    """Ids by key, for writing. Used by one thread at a time."""

    def __init__(self) -> None:
        self._ids: dict[SeriesKey, tuple[int, int]] = {}
        self._forgotten = -1

    def clear(self) -> None:
        """Drop what is cached: a transaction that made ids was rolled back."""
        self._ids.clear()

    def of(self, connection: Connection, points: Iterable[Point], forgotten: int) -> list[int]:
        """Return the id of each point's series, new where need be, within a write transaction.

        `forgotten` is how often series were forgotten, as the transaction sees it.
        """
        if forgotten != self._forgotten:
            self._ids.clear()
            self._forgotten = forgotten
        ids = self._ids
        unknown: dict[SeriesKey, int] = {}
        for point in points:
            known = ids.get(point.series)
            if known is None or point.start_ns > known[1]:
                unknown[point.series] = max(unknown.get(point.series, 0), point.start_ns)
        if unknown:
            self._add(connection, unknown)
        return [ids[point.series][0] for point in points]

    def _add(self, connection: Connection, unknown: dict[SeriesKey, int]) -> None:
        take(connection, Lock.SERIES_ADDED)
        rows = {_row(key, seen_ns): key for key, seen_ns in unknown.items()}
        found = _ids(connection, _SEE, [(row[0], row[-1]) for row in rows])
        found |= _ids(connection, _ADD, [row for row in rows if row[0] not in found])
        for row, key in rows.items():
            self._ids[key] = (found[row[0]], row[-1] + RENEWED_NS)


def _ids(connection: Connection, statement: str, rows: list[tuple[Any, ...]]) -> dict[bytes, int]:
    """Return the ids that a statement answers with for rows, by key."""
    if not rows:
        return {}
    return dict(
        connection.execute(statement, [list(column) for column in zip(*rows, strict=True)]).fetchall()
    )


def _row(key: SeriesKey, seen_ns: int) -> tuple[bytes, str, str, str, str, int]:
    attributes = [(plain_text(name), plain_text(value)) for name, value in key.attributes]
    names = (
        storable(key.metric),
        key.kind.value,
        storable(key.unit),
        msgspec.json.encode(attributes).decode(),
    )
    digest = hashlib.blake2b(msgspec.msgpack.encode(names), digest_size=16).digest()
    return (digest, *names, seen_ns)


class SeriesKeys:
    """Keys by id, for reading. Any thread may ask."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._by_metric: defaultdict[str, dict[int, SeriesKey]] = defaultdict(dict)
        self._newest = 0
        self._forgotten = -1

    def matching(
        self, connection: Connection, metric: str | None, attributes: dict[str, str]
    ) -> dict[int, SeriesKey]:
        """Return the series of a metric (of all, if None) that have these attributes, by id."""
        with self._lock:
            self._refresh(connection)
            if metric is None:
                known = {i: k for keys in self._by_metric.values() for i, k in keys.items()}
            else:
                known = dict(self._by_metric.get(metric, {}))
        return {i: k for i, k in known.items() if k.matches(attributes)} if attributes else known

    def _refresh(self, connection: Connection) -> None:
        forgotten = times_forgotten(connection)
        if forgotten != self._forgotten:
            self._by_metric.clear()
            self._newest, self._forgotten = 0, forgotten
        for i, metric, kind, unit, attributes in connection.execute(
            "SELECT id, metric, kind, unit, attributes FROM homeostat.series WHERE id > %s ORDER BY id",
            (self._newest,),
        ):
            key = SeriesKey(metric, Kind(kind), unit, _attributes.decode(attributes))
            self._by_metric[metric][i] = key
            self._newest = i


def times_forgotten(connection: Connection) -> int:
    """Return how often series were forgotten."""
    row = connection.execute("SELECT series FROM homeostat.forgotten").fetchone()
    assert row is not None
    return int(row[0])


def forget_series(connection: Connection, before_ns: int, limit: int) -> int:
    """Delete series that were last seen before a time; every process then renews its cache."""
    take(connection, Lock.SERIES_FORGOTTEN)
    found = connection.execute(
        "DELETE FROM homeostat.series WHERE id IN"
        " (SELECT id FROM homeostat.series WHERE seen_ns < %s LIMIT %s)",
        (before_ns, limit),
    ).rowcount
    if found:
        connection.execute("UPDATE homeostat.forgotten SET series = series + 1")
    return found
