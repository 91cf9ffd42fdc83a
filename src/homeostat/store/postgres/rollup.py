"""Rolling up and compacting: one bounded transaction at a time, each by one node.

A segment is *pending* until it is part of the next level. A step takes pending segments whose buckets
have closed, merges them into segments of the next level and strikes them off, all in one transaction:
exactly once, whenever the node dies. A point that comes late is a further pending segment, and becomes
a further fragment of its coarse bucket.
"""

from homeostat.core.clock import SECOND_NS
from homeostat.core.query import LEVELS_NS
from homeostat.store.points import collapse
from homeostat.store.postgres.connections import Connection
from homeostat.store.postgres.partitions import Partitions, of_segments
from homeostat.store.postgres.segment_table import (
    Numbers,
    Place,
    add_segments,
    delete_segments,
    load_segments,
)
from homeostat.store.postgres.tally import note
from homeostat.store.segments import SEGMENT_MAX, SLOTS_NS, TOP, cut, up_to

GRACE_NS = 5 * SECOND_NS
"""Buckets are rolled up this long after they close: later points cost a further fragment, no more."""

PENDING_MAX = 20_000
"""Segments that may wait; beyond that they are rolled up even if their buckets have not closed: the
clock of their sender is ahead."""

STEP_POINTS = 65_536
STEP_SEGMENTS = 2_000
LOOSE_MAX = 32
"""Small segments of one slot and band from which on they are merged into one."""


def roll_up(connection: Connection, numbers: Numbers, partitions: Partitions, now_ns: int) -> int:
    """Roll up closed segments of the finest level that has any; return the points read."""
    for level in range(TOP):
        due = connection.execute(
            "SELECT segment, slot_ns, band, points FROM homeostat.pending WHERE level = %(level)s"
            " AND (due_ns <= %(due_ns)s OR (SELECT count(*) FROM homeostat.pending) > %(most)s)"
            " ORDER BY due_ns, segment LIMIT %(limit)s",
            {"level": level, "due_ns": now_ns - GRACE_NS, "most": PENDING_MAX, "limit": STEP_SEGMENTS},
        ).fetchall()
        if not due:
            continue
        taken = due[: up_to([points for *_, points in due], STEP_POINTS)]
        places = [Place(level, slot_ns, band, number) for number, slot_ns, band, _ in taken]
        # Before the segments are read: a partition is attached only once nobody reads the rest.
        coarse = SLOTS_NS[level + 1]
        partitions.ensure(of_segments(level + 1, p.slot_ns - p.slot_ns % coarse) for p in places)
        points = collapse(load_segments(connection, places), LEVELS_NS[level + 1])
        note(connection, add_segments(connection, numbers, list(cut(level + 1, points))))
        connection.execute(
            "DELETE FROM homeostat.pending WHERE segment = ANY(%s)", ([p.number for p in places],)
        )
        return sum(points for *_, points in taken)
    return 0


def compact(connection: Connection, numbers: Numbers) -> int:
    """Merge the small segments of one slot and band, if they are many; return how many were merged."""
    found = connection.execute(
        "SELECT level, slot_ns, band FROM homeostat.segments s WHERE NOT packed"
        " AND NOT EXISTS (SELECT FROM homeostat.pending p WHERE p.segment = s.id)"
        " GROUP BY level, slot_ns, band HAVING count(*) >= %s LIMIT 1",
        (LOOSE_MAX,),
    ).fetchone()
    if found is None:
        return 0
    loose = connection.execute(
        "SELECT id, points FROM homeostat.segments s WHERE NOT packed"
        " AND level = %s AND slot_ns = %s AND band = %s"
        " AND NOT EXISTS (SELECT FROM homeostat.pending p WHERE p.segment = s.id) ORDER BY id LIMIT %s",
        (*found, STEP_SEGMENTS),
    ).fetchall()
    level, slot_ns, band = found
    chosen = [
        Place(level, slot_ns, band, number)
        for number, _ in loose[: up_to([points for _, points in loose], SEGMENT_MAX)]
    ]
    points = collapse(load_segments(connection, chosen), LEVELS_NS[level])
    note(connection, delete_segments(connection, chosen))
    note(connection, add_segments(connection, numbers, list(cut(level, points)), pending=False))
    return len(chosen)
