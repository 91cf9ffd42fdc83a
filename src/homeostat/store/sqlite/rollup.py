"""Rolling up and compacting: one bounded transaction at a time.

A segment is *pending* until it is part of the next level. A step takes pending segments whose buckets
have closed, merges them into segments of the next level and strikes them off, all in one transaction:
exactly once, whenever the process dies. A point that comes late is a further pending segment, and
becomes a further fragment of its coarse bucket. Any number of processes may take steps in turn.
"""

import sqlite3

from homeostat.core.clock import SECOND_NS
from homeostat.core.query import LEVELS_NS
from homeostat.store.points import collapse
from homeostat.store.segments import SEGMENT_MAX, TOP, up_to
from homeostat.store.sqlite.segment_table import add_segments, delete_segments, load_segments

GRACE_NS = 5 * SECOND_NS
"""Buckets are rolled up this long after they close: later points cost a further fragment, no more."""

PENDING_MAX = 20_000
"""Segments after which one is rolled up even if its bucket has not closed: its sender's clock is ahead."""

STEP_POINTS = 16_384
LOOSE_MAX = 32
"""Small segments of one slot and band from which on they are merged into one."""


def roll_up(connection: sqlite3.Connection, now_ns: int) -> int:
    """Roll up closed segments of the finest level that has any; return the points read."""
    for level in range(TOP):
        due = connection.execute(
            "SELECT p.segment, s.points FROM pending p JOIN segments s ON s.id = p.segment"
            " WHERE p.level = ? AND (p.due_ns <= ? OR p.segment <= (SELECT max(segment) FROM pending) - ?)"
            " ORDER BY p.due_ns, p.segment LIMIT 1000",
            (level, now_ns - GRACE_NS, PENDING_MAX),
        ).fetchall()
        if not due:
            continue
        taken = due[: up_to([size for _, size in due], STEP_POINTS)]
        chosen = [segment for segment, _ in taken]
        points = collapse(load_segments(connection, chosen), LEVELS_NS[level + 1])
        add_segments(connection, level + 1, points)
        connection.executemany("DELETE FROM pending WHERE segment = ?", [(i,) for i in chosen])
        return sum(size for _, size in taken)
    return 0


def compact(connection: sqlite3.Connection) -> int:
    """Merge the small segments of one slot and band, if they are many; return how many were merged."""
    found = connection.execute(
        "SELECT level, slot_ns, band FROM segments INDEXED BY segments_loose WHERE packed = 0"
        " AND id NOT IN (SELECT segment FROM pending)"
        " GROUP BY level, slot_ns, band HAVING count(*) >= ? LIMIT 1",
        (LOOSE_MAX,),
    ).fetchone()
    if found is None:
        return 0
    loose = connection.execute(
        "SELECT id, points FROM segments INDEXED BY segments_loose WHERE packed = 0"
        " AND level = ? AND slot_ns = ? AND band = ?"
        " AND id NOT IN (SELECT segment FROM pending) ORDER BY id LIMIT 1000",
        found,
    ).fetchall()
    chosen = [segment for segment, _ in loose[: up_to([size for _, size in loose], SEGMENT_MAX)]]
    level = int(found[0])
    points = collapse(load_segments(connection, chosen), LEVELS_NS[level])
    delete_segments(connection, chosen)
    add_segments(connection, level, points, pending=False)
    return len(chosen)
