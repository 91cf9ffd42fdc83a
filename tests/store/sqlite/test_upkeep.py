"""Upkeep keeps the file small and its transactions short, and changes nothing that is read."""

import sqlite3
from pathlib import Path

import numpy as np

from homeostat.core.batch import Batch
from homeostat.core.clock import DAY_NS, HOUR_NS, MINUTE_NS, SECOND_NS
from homeostat.core.metric import Kind
from homeostat.core.query import FrameQuery, Retention, SizeQuery, TotalQuery
from homeostat.core.series import SeriesKey
from homeostat.store.open import open_store
from homeostat.store.segment import PACKED_MIN
from homeostat.testing.store_contract import LATENCY, T0, assert_frame, assert_moments, point, span

KEEP_ALL = Retention(levels_ns=(30 * DAY_NS,) * 4)
MANY = tuple(SeriesKey.of("m", Kind.HISTOGRAM, "ms", {"i": i}) for i in range(300))


def segments(path: Path) -> list[tuple[int, int]]:
    """Return the level and length of each segment."""
    connection = sqlite3.connect(path)
    try:
        return connection.execute("SELECT level, points FROM segments").fetchall()
    finally:
        connection.close()


def test_fragments_become_few_segments_and_read_the_same(tmp_path: Path) -> None:
    path = tmp_path / "h.db"
    written = []
    with open_store(path, KEEP_ALL) as store:
        for second in range(600):
            parts = tuple(point(s, T0 + second * SECOND_NS, [1.0 + second % 9, 2.0]) for s in MANY[::30])
            store.write(Batch(points=parts))
            written.append(parts[1])
            if second % 10 == 0:
                store.maintain(T0 + second * SECOND_NS)
        before = store.read(FrameQuery(T0, T0 + HOUR_NS, SECOND_NS))
        store.maintain(T0 + 2 * HOUR_NS)
        after = store.read(FrameQuery(T0, T0 + HOUR_NS, SECOND_NS))
        assert_frame(after[MANY[30]], SECOND_NS, written)
        assert before.keys() == after.keys()
        for key, frame in before.items():
            np.testing.assert_array_equal(frame.p99, after[key].p99)
    finest = [points for level, points in segments(path) if level == 0]
    assert sum(finest) == 6_000
    # 600 writes of two bands each; at most 31 loose ones of each band stay.
    assert len(finest) < 90


def test_late_points_find_their_way_into_every_level(tmp_path: Path) -> None:
    written = []
    with open_store(tmp_path / "h.db", KEEP_ALL) as store:
        for n in range(120):
            # Every third comes an hour late, and out of order.
            late = n % 3 == 0
            p = point(LATENCY, T0 + (n if not late else (n * 37) % 120) * SECOND_NS + n, [float(n + 1)])
            written.append(p)
            store.write(Batch(points=(p,)))
            store.maintain(T0 + HOUR_NS + n * SECOND_NS)
        for level_ns in (SECOND_NS, 10 * SECOND_NS, MINUTE_NS, HOUR_NS):
            assert_frame(store.read(FrameQuery(T0, T0 + HOUR_NS, level_ns))[LATENCY], level_ns, written)


def test_a_batch_of_many_series_and_slots_is_cut_into_bounded_segments(tmp_path: Path) -> None:
    path = tmp_path / "h.db"
    points = [point(s, T0 + minute * MINUTE_NS, [1.0 + minute]) for minute in range(0, 40, 2) for s in MANY]
    with open_store(path, KEEP_ALL) as store:
        store.write(Batch(points=tuple(points)))
        assert len(segments(path)) == 2 * 4
        assert max(n for _, n in segments(path)) <= max(PACKED_MIN, 256 * 5)
        store.maintain(T0 + DAY_NS)
        totals = store.read(TotalQuery(T0, T0 + DAY_NS))
        assert len(totals) == 300
        assert_moments(totals[MANY[299]].moments, [p for p in points if p.series == MANY[299]])
        assert len(store.read(TotalQuery(T0, T0 + DAY_NS, attributes={"i": "299"}))) == 1


def test_space_is_given_back_when_much_has_expired(tmp_path: Path) -> None:
    with open_store(tmp_path / "h.db", Retention(spans_ns=HOUR_NS)) as store:
        store.write(Batch(spans=tuple(span(n, 1) for n in range(1, 6_000))))
        full = store.read(SizeQuery()).bytes
        for _ in range(5):
            store.maintain(T0 + DAY_NS)
        assert store.read(SizeQuery()).spans == 0
        assert store.read(SizeQuery()).bytes < full / 4


def test_a_store_that_another_process_cleans_learns_that_series_were_forgotten(tmp_path: Path) -> None:
    path = tmp_path / "h.db"
    with open_store(path) as one, open_store(path) as other:
        one.write(Batch(points=(point(LATENCY, T0, [1.0]),)))
        assert set(one.read(TotalQuery(T0, T0 + DAY_NS))) == {LATENCY}
        other.maintain(T0 + 100 * DAY_NS)
        assert other.read(SizeQuery()).series == 0
        new = point(LATENCY, T0 + 100 * DAY_NS, [2.0])
        one.write(Batch(points=(new,)))
        for store in (one, other):
            assert_moments(store.read(TotalQuery(T0, T0 + 101 * DAY_NS))[LATENCY].moments, [new])


def test_a_trace_larger_than_one_step_is_dropped_whole(tmp_path: Path) -> None:
    with open_store(tmp_path / "h.db", Retention(spans_max=10)) as store:
        store.write(Batch(spans=tuple(span(1, n) for n in range(1, 4_500))))
        assert store.maintain(T0 + HOUR_NS).expired_spans >= 4_489
        assert store.read(SizeQuery()).spans <= 10
