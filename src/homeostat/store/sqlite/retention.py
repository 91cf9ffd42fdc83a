"""Retention: dropping what is past its age or number, one bounded transaction at a time."""

import sqlite3

from homeostat.core.query import Retention
from homeostat.store.segments import SLOTS_NS
from homeostat.store.sqlite.segment_table import delete_segments
from homeostat.store.sqlite.series_table import SEEN_SLACK_NS, forget_series

SEGMENTS_STEP = 200
SPANS_STEP = 2_000
LOGS_STEP = 5_000
SERIES_STEP = 1_000


def expire_segments(connection: sqlite3.Connection, now_ns: int, retention: Retention) -> int:
    """Drop segments of slots that are wholly past their retention; return their points.

    What is not yet part of the next level stays until it is.
    """
    expired = 0
    for level, keep_ns in enumerate(retention.levels_ns):
        before = max(0, now_ns - keep_ns) // SLOTS_NS[level] * SLOTS_NS[level]
        connection.execute(
            "INSERT INTO horizons VALUES (:level, :before)"
            " ON CONFLICT (level) DO UPDATE SET start_ns = :before WHERE start_ns < :before",
            {"level": level, "before": before},
        )
        found = connection.execute(
            "SELECT id, points FROM segments WHERE level = ? AND slot_ns < ?"
            " AND id NOT IN (SELECT segment FROM pending) LIMIT ?",
            (level, before, SEGMENTS_STEP),
        ).fetchall()
        delete_segments(connection, [segment for segment, _ in found])
        expired += sum(points for _, points in found)
    return expired


def expire_series(connection: sqlite3.Connection, now_ns: int, retention: Retention) -> int:
    """Forget series of which nothing can be left."""
    return forget_series(connection, now_ns - max(retention.levels_ns) - SEEN_SLACK_NS, SERIES_STEP)


def expire_spans(connection: sqlite3.Connection, now_ns: int, retention: Retention) -> int:
    """Drop the oldest traces, whole, that are too old or too many; return the spans dropped."""
    (spans,) = connection.execute("SELECT spans FROM totals").fetchone()
    surplus = max(0, spans - retention.spans_max)
    dropped = 0
    oldest = connection.execute(
        "SELECT trace_id, start_ns FROM traces ORDER BY start_ns LIMIT ?", (SPANS_STEP,)
    ).fetchall()
    for trace_id, start_ns in oldest:
        too_old = start_ns < now_ns - retention.spans_ns
        if dropped >= SPANS_STEP or (not too_old and dropped >= surplus):
            break
        taken = connection.execute(
            "SELECT id, spans FROM spans WHERE trace_id = ? LIMIT ?", (trace_id, SPANS_STEP)
        ).fetchall()
        connection.executemany("DELETE FROM spans WHERE id = ?", [(row,) for row, _ in taken])
        dropped += sum(n for _, n in taken)
        if len(taken) < SPANS_STEP:
            connection.execute("DELETE FROM traces WHERE trace_id = ?", (trace_id,))
    if dropped:
        connection.execute("UPDATE totals SET spans = spans - ?", (dropped,))
    return dropped


def expire_logs(connection: sqlite3.Connection, now_ns: int, retention: Retention) -> int:
    """Drop the oldest log records that are older than spans may be, or too many."""
    (logs,) = connection.execute("SELECT logs FROM totals").fetchone()
    surplus = min(max(0, logs - retention.logs_max), LOGS_STEP)
    dropped = connection.execute(
        "DELETE FROM logs WHERE id IN (SELECT id FROM logs WHERE time_ns < ? ORDER BY time_ns LIMIT ?)",
        (now_ns - retention.spans_ns, LOGS_STEP),
    ).rowcount
    if dropped < surplus:
        dropped += connection.execute(
            "DELETE FROM logs WHERE id IN (SELECT id FROM logs ORDER BY time_ns LIMIT ?)",
            (surplus - dropped,),
        ).rowcount
    if dropped:
        connection.execute("UPDATE totals SET logs = logs - ?", (dropped,))
    return dropped
