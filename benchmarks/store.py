"""How fast does the embedded store take in and give out, and how small does it keep what it holds?"""

import gc
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from benchmarks.result import Result
from homeostat.core.batch import Batch
from homeostat.core.clock import DAY_NS, HOUR_NS, MINUTE_NS, SECOND_NS
from homeostat.core.metric import Kind
from homeostat.core.point import Moments, Point
from homeostat.core.query import FrameQuery, Retention, SizeQuery, Store, TotalQuery
from homeostat.core.series import SeriesKey
from homeostat.core.span import LlmCall, Span
from homeostat.stats.sketch import sketch
from homeostat.store.open import open_store

T0 = 1_750_032_000 * SECOND_NS
SERIES = 100
REPEATS = 7

KEYS = tuple(
    SeriesKey.of(f"metric.{i % 10}", kind, "ms", {"model": f"m{i}", "service": "web"})
    for i in range(SERIES)
    for kind in ((Kind.HISTOGRAM, Kind.GAUGE)[i % 2],)
)


def measured_points(start_ns: int, rng: np.random.Generator, values: int) -> tuple[Point, ...]:
    """Return one point of each series: half of them histograms of log-normal latencies, half gauges."""
    drawn = rng.lognormal(5.0, 0.5, (SERIES, values))
    means, lows, highs = drawn.mean(axis=1), drawn.min(axis=1), drawn.max(axis=1)
    spreads = ((drawn - means[:, None]) ** 2).sum(axis=1)
    return tuple(
        Point(
            key,
            start_ns,
            Moments(
                values,
                float(means[i]),
                float(spreads[i]),
                float(lows[i]),
                float(highs[i]),
                float(drawn[i, -1]),
            ),
            sketch(drawn[i]) if key.kind is Kind.HISTOGRAM else None,
        )
        for i, key in enumerate(KEYS)
    )


def fill(store: Store, seconds: int, every_s: int, values: int) -> float:
    """Write points of all series as a flusher would, with upkeep; return the CPU seconds it took."""
    rng = np.random.default_rng(7)
    spent = 0.0
    for number, second in enumerate(range(0, seconds, every_s)):
        start_ns = T0 + second * SECOND_NS
        points = measured_points(start_ns, rng, values)
        begun = time.process_time()
        store.write(Batch(points=points))
        if number % 10 == 0:
            store.maintain(start_ns)
        spent += time.process_time() - begun
    begun = time.process_time()
    store.maintain(T0 + seconds * SECOND_NS)
    return spent + time.process_time() - begun


def spread_ms(work: Callable[[], object]) -> tuple[float, float, float]:
    """Return median, smallest and largest milliseconds of CPU; the first, cold run is not counted.

    What is read lies in the system's page cache, so that this is the time that passes on an idle core.
    """
    work()
    found = []
    for _ in range(REPEATS):
        gc.collect()
        begun = time.thread_time()
        work()
        found.append((time.thread_time() - begun) * 1e3)
    return statistics.median(found), min(found), max(found)


def example_spans(batch: int, n: int) -> tuple[Span, ...]:
    """Return spans as an ingest makes them: traces of five, one of them a call to a model; ids are random."""
    rng = np.random.default_rng(batch)
    traces, ids = [rng.bytes(16) for _ in range(n // 5 + 1)], [rng.bytes(8) for _ in range(n)]
    return tuple(
        Span(
            trace_id=traces[i // 5],
            span_id=ids[i],
            parent_id=b"" if i % 5 == 0 else ids[i - 1],
            name="chat gpt-4o-mini",
            operation="chat" if i % 5 == 4 else f"stage{i % 5}",
            service="web",
            kind="client",
            start_ns=T0 + i * 1_000_000,
            duration_ns=2_000_000 + i,
            llm=LlmCall("chat", "openai", "gpt-4o-mini", input_tokens=812, output_tokens=92, cost_usd=2e-4)
            if i % 5 == 4
            else None,
            attributes={"http.request.method": "POST", "server.address": "127.0.0.1", "server.port": 8080},
        )
        for i in range(n)
    )


def spans_written(directory: Path) -> Result:
    """Spans a CPU-second, in batches of 10,000."""
    rates = []
    with open_store(directory / "spans.db") as store:
        for number in range(REPEATS):
            batch = Batch(spans=example_spans(number, 10_000))
            begun = time.process_time()
            store.write(batch)
            rates.append(10_000 / (time.process_time() - begun))
    return Result(
        "spans written",
        statistics.median(rates),
        "spans/CPU-s",
        None,
        "higher",
        low=min(rates),
        high=max(rates),
        note="batches of 10,000; the bar of 30,000 is for the whole way from OTLP",
    )


def page_results(directory: Path) -> list[Result]:
    """A day of 100 series, with a full bucket every minute, as the page reads it."""
    path = directory / "day.db"
    with open_store(path, Retention()) as store:
        spent = fill(store, 24 * 3600, 60, 60)
        size = store.read(SizeQuery())
        window = (T0, T0 + DAY_NS)
        points = SERIES * 1440
        median, low, high = spread_ms(lambda: store.read(FrameQuery(*window, MINUTE_NS)))
        hour = spread_ms(lambda: store.read(FrameQuery(T0 + 23 * HOUR_NS, T0 + DAY_NS, 10 * SECOND_NS)))
        total = spread_ms(lambda: store.read(TotalQuery(T0 + 1, T0 + DAY_NS - 1)))
    note = "CPU time; 1-minute buckets, 144,000 points, half of them histograms"
    return [
        Result(
            "24 h of 100 series for the page", median, "ms", 100.0, "lower", low=low, high=high, note=note
        ),
        Result("1 h of 100 series in 10 s buckets", hour[0], "ms", None, "lower", low=hour[1], high=hour[2]),
        Result(
            "24 h of 100 series merged into totals",
            total[0],
            "ms",
            None,
            "lower",
            low=total[1],
            high=total[2],
        ),
        Result(
            "points written and rolled up, batches of 100",
            points / spent,
            "points/CPU-s",
            None,
            "higher",
            note="60 values a point; four levels",
        ),
        Result(
            "compression ratio",
            size.raw_bytes / size.compressed_bytes,
            "x",
            None,
            "higher",
            note="the same numbers uncompressed, over what is stored of them",
        ),
        Result(
            "file bytes per series-day at one point a minute", size.bytes / SERIES, "bytes", None, "lower"
        ),
    ]


def second_results(directory: Path) -> list[Result]:
    """One point a second of each of 100 series for 20 minutes: what a flusher writes."""
    seconds = 1_200
    with open_store(directory / "seconds.db") as store:
        spent = fill(store, seconds, 1, 20)
        size = store.read(SizeQuery())
        window = (T0 + 5 * MINUTE_NS, T0 + 20 * MINUTE_NS)
        live = spread_ms(lambda: store.read(FrameQuery(*window, SECOND_NS, metric="metric.3")))
    return [
        Result(
            "upkeep and writing of 100 series every second",
            spent / seconds * 100,
            "% of a core",
            None,
            "lower",
            note="1 s flushes, roll-ups every 10 s",
        ),
        Result(
            "15 min of one metric in 1 s buckets",
            live[0],
            "ms",
            None,
            "lower",
            low=live[1],
            high=live[2],
            note="10 series, 9,000 points",
        ),
        Result(
            "compression ratio of 1 s points", size.raw_bytes / size.compressed_bytes, "x", None, "higher"
        ),
    ]


def run(data: Path | None) -> list[Result]:
    """Return what the store does on this machine; the inputs are made, not read."""
    with tempfile.TemporaryDirectory() as name:
        directory = Path(name)
        return [*page_results(directory), *second_results(directory), spans_written(directory)]
