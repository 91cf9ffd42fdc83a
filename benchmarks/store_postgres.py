"""How fast does the store on PostgreSQL take in and give out, and what does that cost the server?

The server is started for the run on this machine, with its defaults: each batch is flushed to the disk.
"""

import gc
import statistics
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import psutil
import psycopg
from msgspec.structs import replace as replaced

from benchmarks.result import Result
from benchmarks.store import SERIES, T0, example_spans, fill, measured_points
from homeostat.core.batch import Batch
from homeostat.core.clock import DAY_NS, HOUR_NS, MINUTE_NS, SECOND_NS
from homeostat.core.point import Point
from homeostat.core.query import FrameQuery, SizeQuery, TotalQuery
from homeostat.store.address import StoreAddress
from homeostat.store.postgres.store import PostgresStore
from homeostat.testing import servers

REPEATS = 9
BATCH_S = 200
"""Seconds of all series in one batch: 20,000 points, what a node's writer puts together when it is busy."""

SPANS = 10_000
STEADY_SERIES = 1_000
STEADY_S = 120


def server_cpu_s(server: servers.Server) -> float:
    """Return the CPU seconds that the server's processes have taken."""
    main = psutil.Process(server.pid)
    times = [process.cpu_times() for process in (main, *main.children())]
    return sum(t.user + t.system for t in times)


def later(points: tuple[Point, ...], by_ns: int) -> tuple[Point, ...]:
    """Return the points, each so much later."""
    return tuple(replace(p, start_ns=p.start_ns + by_ns) for p in points)


def write_results(server: servers.Server, store: PostgresStore) -> list[Result]:
    """Points a second through one connection, as fast as they are taken."""
    rng = np.random.default_rng(7)
    points = tuple(p for second in range(BATCH_S) for p in measured_points(T0 + second * SECOND_NS, rng, 20))
    batches = [Batch(points=later(points, n * BATCH_S * SECOND_NS)) for n in range(REPEATS + 1)]
    store.write(batches[0])
    # A million objects that wait for their turn are the benchmark's: a node's collector does not walk them.
    gc.collect()
    gc.freeze()
    rates = []
    ours_s, theirs_s = time.process_time(), server_cpu_s(server)
    for batch in batches[1:]:
        begun = time.perf_counter()
        store.write(batch)
        rates.append(len(batch) / (time.perf_counter() - begun))
    ours_s, theirs_s = time.process_time() - ours_s, server_cpu_s(server) - theirs_s
    gc.unfreeze()
    written = REPEATS * len(points)
    begun, server_begun = time.process_time(), server_cpu_s(server)
    store.maintain(T0 + 10 * DAY_NS)
    upkeep_s, server_upkeep_s = time.process_time() - begun, server_cpu_s(server) - server_begun
    whole = written + len(points)
    return [
        Result(
            "series points written",
            statistics.median(rates),
            "points/s",
            50_000.0,
            "higher",
            low=min(rates),
            high=max(rates),
            note="wall time, one connection, batches of 20,000, each flushed to the disk",
        ),
        Result("node's CPU for a point written", ours_s / written * 1e6, "us", None, "lower"),
        Result("server's CPU for a point written", theirs_s / written * 1e6, "us", None, "lower"),
        Result(
            "node's CPU for a point's upkeep",
            upkeep_s / whole * 1e6,
            "us",
            None,
            "lower",
            note="through all four levels",
        ),
        Result("server's CPU for a point's upkeep", server_upkeep_s / whole * 1e6, "us", None, "lower"),
    ]


def steady_results(server: servers.Server, store: PostgresStore) -> list[Result]:
    """A point a second of each of 1,000 series for two minutes, as a flusher writes them, with upkeep."""
    rng = np.random.default_rng(7)
    points = tuple(
        replace(p, series=replaced(p.series, attributes=(*p.series.attributes, ("replica", str(n)))))
        for n in range(STEADY_SERIES // SERIES)
        for p in measured_points(T0, rng, 20)
    )
    batches = [Batch(points=later(points, second * SECOND_NS)) for second in range(STEADY_S)]
    ours_s, theirs_s = time.process_time(), server_cpu_s(server)
    for second, batch in enumerate(batches):
        store.write(batch)
        if second % 10 == 0:
            store.maintain(T0 + second * SECOND_NS)
    ours_s, theirs_s = time.process_time() - ours_s, server_cpu_s(server) - theirs_s
    note = "a point a second of each, upkeep every 10 s"
    return [
        Result(
            "node's CPU for 1,000 series", ours_s / STEADY_S * 100, "% of a core", None, "lower", note=note
        ),
        Result(
            "server's CPU for 1,000 series",
            theirs_s / STEADY_S * 100,
            "% of a core",
            None,
            "lower",
            note=note,
        ),
    ]


def spread_ms(work: Callable[[], object]) -> tuple[float, float, float]:
    """Return median, smallest and largest milliseconds on the wall; the first run is not counted."""
    work()
    found = []
    for _ in range(REPEATS):
        begun = time.perf_counter()
        work()
        found.append((time.perf_counter() - begun) * 1e3)
    return statistics.median(found), min(found), max(found)


def read_results(server: servers.Server, store: PostgresStore) -> list[Result]:
    """A day of 100 series, written a point a minute, as the page reads it."""
    fill(store, 24 * 3600, 60, 60)
    window = (T0, T0 + DAY_NS)

    def day() -> None:
        store.read(FrameQuery(*window, MINUTE_NS))

    def hour() -> None:
        store.read(FrameQuery(T0 + 23 * HOUR_NS, T0 + DAY_NS, 10 * SECOND_NS))

    def total() -> None:
        store.read(TotalQuery(T0 + 1, T0 + DAY_NS - 1))

    # The system counts a process's time in steps of 10 ms: many readings are counted together.
    ours_s, theirs_s = time.process_time(), server_cpu_s(server)
    for _ in range(5 * REPEATS):
        day()
    spent_s = time.process_time() - ours_s + server_cpu_s(server) - theirs_s
    wall = spread_ms(day)
    totals = spread_ms(total)
    hours = spread_ms(hour)
    size = store.read(SizeQuery())
    return [
        Result(
            "24 h of 100 series read",
            spent_s / (5 * REPEATS) * 1e3,
            "ms",
            150.0,
            "lower",
            note="CPU of node and server together, which take turns: what passes on an idle core;"
            " 1-minute buckets, 144,000 points, half of them histograms",
        ),
        Result(
            "the same, by the clock on the wall",
            wall[0],
            "ms",
            None,
            "lower",
            low=wall[1],
            high=wall[2],
            note="depends on what else the machine does",
        ),
        Result(
            "1 h of 100 series in 10 s buckets, by the clock on the wall",
            hours[0],
            "ms",
            None,
            "lower",
            low=hours[1],
            high=hours[2],
        ),
        Result(
            "24 h of 100 series merged into totals, by the clock on the wall",
            totals[0],
            "ms",
            None,
            "lower",
            low=totals[1],
            high=totals[2],
        ),
        Result(
            "database bytes per series-day at one point a minute",
            size.bytes / SERIES,
            "bytes",
            None,
            "lower",
            note="with indexes and empty tables",
        ),
    ]


def span_results(server: servers.Server, store: PostgresStore) -> list[Result]:
    """Spans in batches of 10,000, traces of five."""
    rates = []
    made = [Batch(spans=example_spans(n, SPANS)) for n in range(REPEATS)]
    before = store.read(SizeQuery()).bytes
    ours_s, theirs_s = time.process_time(), server_cpu_s(server)
    for batch in made:
        begun = time.perf_counter()
        store.write(batch)
        rates.append(SPANS / (time.perf_counter() - begun))
    ours_s, theirs_s = time.process_time() - ours_s, server_cpu_s(server) - theirs_s
    held = store.read(SizeQuery()).bytes - before
    count = REPEATS * SPANS
    return [
        Result(
            "spans written",
            statistics.median(rates),
            "spans/s",
            None,
            "higher",
            low=min(rates),
            high=max(rates),
            note="wall time, one connection, batches of 10,000, each flushed to the disk",
        ),
        Result("node's CPU for a span written", ours_s / count * 1e6, "us", None, "lower"),
        Result("server's CPU for a span written", theirs_s / count * 1e6, "us", None, "lower"),
        Result("database bytes per span", held / count, "bytes", None, "lower", note="with indexes"),
    ]


def run(data: Path | None) -> list[Result]:
    """Return what the store does on this machine, nothing where no server is installed."""
    found: list[Result] = []
    try:
        with servers.postgres() as server:
            found += _in_database(server, "points", write_results)
            found += _in_database(server, "steady", steady_results)
            found += _in_database(server, "page", read_results)
            found += _in_database(server, "spans", span_results)
    except servers.NotInstalled:
        return []
    return found


def _in_database(
    server: servers.Server, name: str, work: Callable[[servers.Server, PostgresStore], list[Result]]
) -> list[Result]:
    with psycopg.connect(server.url, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}")
    with PostgresStore(StoreAddress.of(server.url.rpartition("/")[0] + f"/{name}")) as store:
        return work(server, store)
