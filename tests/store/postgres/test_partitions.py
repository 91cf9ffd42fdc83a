"""Partitions are made for the times that are written to, dropped whole when they are old, and bounded."""

import psycopg
import pytest

from homeostat.core.batch import Batch
from homeostat.core.clock import DAY_NS, HOUR_NS, SECOND_NS
from homeostat.core.query import (
    FrameQuery,
    LogsQuery,
    Retention,
    SizeQuery,
    TotalQuery,
    TraceQuery,
    TracesQuery,
)
from homeostat.core.span import LogRecord
from homeostat.store.open import open_store
from homeostat.store.postgres import partitions
from homeostat.store.postgres.partitions import of_logs, of_segments, of_spans
from homeostat.testing.store_contract import LATENCY, T0, assert_moments, point, span

KEEP_ALL = Retention(levels_ns=(1_000 * DAY_NS,) * 4, spans_ns=1_000 * DAY_NS)


def tables(url: str, like: str) -> dict[str, int]:
    """Return the rows of each table whose name is like this."""
    with psycopg.connect(url) as connection:
        names = connection.execute(
            "SELECT tablename FROM pg_tables WHERE schemaname = 'homeostat' AND tablename LIKE %s", (like,)
        ).fetchall()
        found = {}
        for (name,) in names:
            row = connection.execute(f"SELECT count(*) FROM homeostat.{name}").fetchone()
            assert row is not None
            found[name] = row[0]
        return found


def test_names_say_what_lies_within() -> None:
    assert of_segments(0, T0).name == "segments_1s_20250615_16"
    assert of_segments(3, 0).bounds == f"FROM (3, 0) TO (3, {10 * DAY_NS})"
    assert of_spans(0).name == "spans_19700101"
    assert of_logs(T0 + 5) == of_logs(T0 - T0 % DAY_NS)


def test_each_hour_and_day_has_tables_of_its_own_and_they_are_dropped_whole(postgres_url: str) -> None:
    with open_store(postgres_url, Retention(spans_ns=DAY_NS)) as store:
        for hour in range(3):
            at = T0 + hour * HOUR_NS
            store.write(
                Batch(
                    points=(point(LATENCY, at, [1.0]),),
                    spans=(span(hour + 1, 1, start_ns=T0 + hour * DAY_NS),),
                    logs=(LogRecord(T0 + hour * DAY_NS, "web", "INFO", "x"),),
                )
            )
        finest = [f"segments_1s_20250615_{h}" for h in (16, 17, 18)]
        assert tables(postgres_url, "segments_1s%") == dict.fromkeys(finest, 1)
        days = (15, 16, 17)
        assert tables(postgres_url, "spans_2%") == {f"spans_202506{day}": 1 for day in days}
        assert tables(postgres_url, "logs_2%") == {f"logs_202506{day}": 1 for day in days}
        done = store.maintain(T0 + 2 * DAY_NS + SECOND_NS)
        assert tables(postgres_url, "segments_1s%") == {}
        assert tables(postgres_url, "spans_2%") == {"spans_20250616": 1, "spans_20250617": 1}
        assert (done.expired_spans, done.expired_logs) == (1, 1)
        assert done.expired_points >= 3
        size = store.read(SizeQuery())
        assert size.spans == 2
        assert sum(tables(postgres_url, "traces").values()) == 2
        # The second day's are past their age by a second, and not read, though their table is still there.
        assert len(store.read(TracesQuery(0, T0 + 3 * DAY_NS))) == 1
        assert len(store.read(LogsQuery(0, T0 + 3 * DAY_NS))) == 1
        assert store.read(TotalQuery(T0, T0 + DAY_NS))[LATENCY].moments.count == 3


def test_times_that_are_made_up_make_no_tables_without_end_and_are_kept_and_expire_all_the_same(
    postgres_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(partitions, "MADE_AT_ONCE_MAX", 8)
    monkeypatch.setattr(partitions, "MAX_OF_A_TABLE", 5)
    days = range(12)
    with open_store(postgres_url, KEEP_ALL) as store:
        points = [point(LATENCY, T0 + day * DAY_NS, [float(day + 1)]) for day in days]
        for batch in (points[:6], points[6:9], points[9:]):
            store.write(
                Batch(
                    points=tuple(batch),
                    spans=tuple(span(p.start_ns // DAY_NS, 1, start_ns=p.start_ns) for p in batch),
                    logs=tuple(LogRecord(p.start_ns, "web", "INFO", "x") for p in batch),
                )
            )
        for like in ("segments_1s%", "spans_2%", "logs_2%"):
            assert len(tables(postgres_url, like)) <= 5
        assert 0 < tables(postgres_url, "spans_rest")["spans_rest"] < 12
        window = (0, T0 + 20 * DAY_NS)
        assert_moments(store.read(TotalQuery(*window))[LATENCY].moments, points)
        assert len(store.read(FrameQuery(T0, T0 + 20 * DAY_NS, SECOND_NS))[LATENCY].count) == 12
        assert len(store.read(TracesQuery(*window))) == len(store.read(LogsQuery(*window))) == 12
        assert len(store.read(TraceQuery(span(T0 // DAY_NS + 11, 1).trace_id))) == 1
    with open_store(postgres_url, Retention()) as store:
        for _ in range(2):
            store.maintain(T0 + 200 * DAY_NS)
        size = store.read(SizeQuery())
        assert (size.points, size.raw_bytes, size.compressed_bytes, size.spans, size.series) == (0,) * 5
        for like in ("segments%", "spans%", "logs%", "traces", "pending"):
            assert sum(tables(postgres_url, like).values()) == 0


def test_the_future_has_no_tables_yet(postgres_url: str) -> None:
    future_ns = 4_000_000_000 * SECOND_NS
    with open_store(postgres_url) as store:
        store.write(
            Batch(points=(point(LATENCY, future_ns, [1.0]),), spans=(span(1, 1, start_ns=future_ns),))
        )
        assert tables(postgres_url, "segments_1s%") == tables(postgres_url, "spans_2%") == {}
        assert store.read(TotalQuery(future_ns, future_ns + DAY_NS))[LATENCY].moments.count == 1


def test_times_at_the_borders_of_what_can_be_cost_no_batch(postgres_url: str) -> None:
    with open_store(postgres_url) as store:
        store.write(
            Batch(
                spans=(span(1, 1, start_ns=-5), span(2, 1, start_ns=(1 << 62))),
                logs=(LogRecord(-5, "web", "INFO", "x"), LogRecord(1 << 62, "web", "INFO", "y")),
            )
        )
        assert store.read(SizeQuery()).spans == 2
        assert len(store.read(LogsQuery(-10, (1 << 63) - 1))) == 1  # nothing is read from before 1970
