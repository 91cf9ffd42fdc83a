"""Retention: dropping what is past its age or number, one bounded transaction at a time.

What is past its age is not read any more, and dropped a partition at a time; what is too many is deleted
row by row, oldest first. Each step returns how much it dropped, or None where there was nothing to do.
"""

from homeostat.core.clock import DAY_NS
from homeostat.core.query import Retention
from homeostat.store.postgres.connections import Connection
from homeostat.store.postgres.horizons import SPANS, move
from homeostat.store.postgres.locks import Lock, take
from homeostat.store.postgres.log_table import delete_oldest_logs
from homeostat.store.postgres.partitions import Partition, Partitions, partitions_of
from homeostat.store.postgres.segment_table import Place, delete_segments
from homeostat.store.postgres.series_table import SEEN_SLACK_NS, forget_series
from homeostat.store.postgres.span_table import (
    delete_outlines,
    delete_traces,
    home_of,
    spans_of_oldest,
    traces_before,
)
from homeostat.store.postgres.tally import Tally, note, total
from homeostat.store.segments import SLOTS_NS

SEGMENTS_STEP = 1_000
TRACES_STEP = 5_000
OUTLINES_STEP = 50_000
LOGS_STEP = 10_000
SERIES_STEP = 1_000

_LOCK_TIMEOUT = "SET LOCAL lock_timeout = '1s'"
"""To drop a partition is to wait for all who read the table, and meanwhile to let everyone else wait."""


def move_horizons(connection: Connection, now_ns: int, retention: Retention) -> None:
    """Let nothing be read any more that is past its age."""
    for level, keep_ns in enumerate(retention.levels_ns):
        move(connection, level, _horizon(level, now_ns, keep_ns))
    move(connection, SPANS, max(0, now_ns - retention.spans_ns))


def _horizon(level: int, now_ns: int, keep_ns: int) -> int:
    return max(0, now_ns - keep_ns) // SLOTS_NS[level] * SLOTS_NS[level]


def expire_segments(
    connection: Connection, partitions: Partitions, now_ns: int, retention: Retention
) -> int | None:
    """Drop one partition of segments that is wholly past its retention, or such segments of the rest.

    Counted are points. What is not yet part of the next level stays until it is.
    """
    before = [_horizon(level, now_ns, keep_ns) for level, keep_ns in enumerate(retention.levels_ns)]
    for partition in partitions_of(connection, "segments"):
        assert partition.level is not None
        if partition.end <= before[partition.level] and not _pending_in(connection, partition):
            _take_for_drop(connection)
            row = connection.execute(
                "SELECT coalesce(sum(points), 0)::bigint, coalesce(sum(raw_bytes), 0)::bigint,"  # noqa: S608 - our names
                f" coalesce(sum(stored_bytes), 0)::bigint FROM homeostat.{partition.name}"
            ).fetchone()
            assert row is not None
            note(connection, Tally(-row[0], -row[1], -row[2]))
            partitions.drop(connection, partition)
            return int(row[0])
    for level, before_ns in enumerate(before):
        found = connection.execute(
            "SELECT slot_ns, band, id, points FROM homeostat.segments_rest s"
            " WHERE level = %s AND slot_ns < %s"
            " AND NOT EXISTS (SELECT FROM homeostat.pending p WHERE p.segment = s.id) LIMIT %s",
            (level, before_ns, SEGMENTS_STEP),
        ).fetchall()
        if found:
            note(connection, delete_segments(connection, [Place(level, *key) for *key, _ in found]))
            return sum(int(points) for *_, points in found)
    return None


def _pending_in(connection: Connection, partition: Partition) -> bool:
    found = connection.execute(
        "SELECT FROM homeostat.pending WHERE level = %s AND slot_ns >= %s AND slot_ns < %s LIMIT 1",
        (partition.level, partition.first, partition.end),
    ).fetchone()
    return found is not None


def _take_for_drop(connection: Connection) -> None:
    connection.execute(_LOCK_TIMEOUT)
    take(connection, Lock.PARTITIONS)


def expire_series(connection: Connection, now_ns: int, retention: Retention) -> int | None:
    """Forget series of which nothing can be left."""
    return forget_series(connection, now_ns - max(retention.levels_ns) - SEEN_SLACK_NS, SERIES_STEP) or None


def expire_spans(
    connection: Connection, partitions: Partitions, now_ns: int, retention: Retention
) -> int | None:
    """Drop a day of traces that is too old, or the oldest traces, whole, that are too many."""
    home_before = home_of(max(0, now_ns - retention.spans_ns))
    for partition in partitions_of(connection, "spans"):
        if partition.end <= home_before:
            if delete_outlines(connection, partition.first, OUTLINES_STEP):
                return 0
            return _drop_spans(connection, partitions, partition)
    homes = traces_before(connection, home_before, TRACES_STEP)
    surplus = total(connection).spans - retention.spans_max
    if not homes and surplus > 0:
        for trace_id, home, spans in spans_of_oldest(connection, TRACES_STEP):
            if surplus <= 0:
                break
            homes[trace_id] = home
            surplus -= spans
    if not homes:
        return None
    deleted = delete_traces(connection, homes)
    note(connection, Tally(spans=-deleted))
    return deleted


def _drop_spans(connection: Connection, partitions: Partitions, partition: Partition) -> int:
    _take_for_drop(connection)
    row = connection.execute(
        f"SELECT coalesce(sum(spans), 0)::bigint FROM homeostat.{partition.name}"  # noqa: S608 - our names
    ).fetchone()
    assert row is not None
    note(connection, Tally(spans=-row[0]))
    partitions.drop(connection, partition)
    return int(row[0])


def expire_logs(
    connection: Connection, partitions: Partitions, now_ns: int, retention: Retention
) -> int | None:
    """Drop a day of log records that is too old, or the oldest that are too many."""
    before_ns = max(0, now_ns - retention.spans_ns)
    for partition in partitions_of(connection, "logs"):
        if partition.end <= before_ns:
            _take_for_drop(connection)
            row = connection.execute(f"SELECT count(*) FROM homeostat.{partition.name}").fetchone()  # noqa: S608 - our names
            assert row is not None
            note(connection, Tally(logs=-row[0]))
            partitions.drop(connection, partition)
            return int(row[0])
    surplus = total(connection).logs - retention.logs_max
    # Those a day beyond their age lie in no partition of their own.
    dropped = delete_oldest_logs(connection, LOGS_STEP, before_ns=before_ns - DAY_NS)
    if not dropped and surplus > 0:
        dropped = delete_oldest_logs(connection, min(surplus, LOGS_STEP))
    note(connection, Tally(logs=-dropped))
    return dropped or None
