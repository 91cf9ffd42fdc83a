"""The contract of a store, as tests for pytest: subclass `StoreContract`, say how to open an empty one."""

import math
from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from homeostat.core.batch import Batch
from homeostat.core.clock import DAY_NS, HOUR_NS, MINUTE_NS, SECOND_NS
from homeostat.core.errors import HomeostatError, InputError
from homeostat.core.histogram import ExponentialHistogram
from homeostat.core.metric import Kind
from homeostat.core.point import Moments, Point
from homeostat.core.query import (
    LEVELS_NS,
    Frame,
    FrameQuery,
    LogsQuery,
    Query,
    RecordsQuery,
    Retention,
    SeriesQuery,
    SizeQuery,
    Store,
    TotalQuery,
    TraceQuery,
    TracesQuery,
)
from homeostat.core.record import Record
from homeostat.core.series import SeriesKey
from homeostat.core.span import LlmCall, LogRecord, Span, SpanEvent
from homeostat.stats.sketch import merge, quantiles, sketch

T0 = 1_750_003_200 * SECOND_NS
"""A full hour."""

LATENCY = SeriesKey.of("llm.duration", Kind.HISTOGRAM, "ms", {"model": "m", "service": "web"})
OTHER_LATENCY = SeriesKey.of("llm.duration", Kind.HISTOGRAM, "ms", {"model": "n", "service": "web"})
LEVEL = SeriesKey.of("memory.rss", Kind.GAUGE, "bytes", {"service": "web"})
TOKENS = SeriesKey.of("llm.tokens", Kind.COUNTER, "tokens", {"type": "input"})
SERIES = (LATENCY, OTHER_LATENCY, LEVEL, TOKENS)


def point(series: SeriesKey, start_ns: int, values: Sequence[float], scale: int = 6) -> Point:
    """Return the point that holds these values."""
    array = np.asarray(values, dtype=np.float64)
    mean = float(array.mean())
    return Point(
        series,
        start_ns,
        Moments(
            array.size,
            mean,
            float(((array - mean) ** 2).sum()),
            float(array.min()),
            float(array.max()),
            float(array[-1]),
        ),
        sketch(array, scale) if series.kind is Kind.HISTOGRAM else None,
    )


def span(trace: int, number: int, parent: int | None = None, **changes: object) -> Span:
    """Return a span with all that a span can hold."""
    whole = Span(
        trace_id=trace.to_bytes(16, "big"),
        span_id=number.to_bytes(8, "big"),
        parent_id=b"" if parent is None else parent.to_bytes(8, "big"),
        name=f"chat {number}",
        operation=f"op{number}",
        service="web",
        kind="client",
        start_ns=T0 + number * SECOND_NS,
        duration_ns=SECOND_NS,
        llm=LlmCall("chat", "openai", "m", input_tokens=3, cost_usd=0.25),
        attributes={"text": "ä", "whole": 1, "part": 0.5, "flag": True},
        events=(SpanEvent(T0, "first token", {"n": 1}),),
    )
    fields = {name: getattr(whole, name) for name in whole.__struct_fields__}
    return Span(**{**fields, **changes})


def same(found: float, expected: float) -> bool:
    """Tell whether two numbers are equal but for the rounding of a sum."""
    return math.isclose(found, expected, rel_tol=1e-9, abs_tol=1e-6)


def assert_moments(found: Moments, parts: Sequence[Point]) -> None:
    """Assert that moments are those of the points together, `last` being the newest point's."""
    in_time = sorted(parts, key=lambda p: p.start_ns)
    whole = in_time[0].moments
    for p in in_time[1:]:
        whole = whole.merge(p.moments)
    assert found.count == whole.count
    assert (found.minimum, found.maximum, found.last) == (whole.minimum, whole.maximum, whole.last)
    assert same(found.mean, whole.mean)
    assert same(found.m2, whole.m2)


def assert_same_histogram(found: ExponentialHistogram | None, parts: Sequence[Point]) -> None:
    """Assert that a histogram equals the merge of the points' own, count for count."""
    histograms = [p.histogram for p in parts if p.histogram is not None]
    if not histograms:
        assert found is None
        return
    assert found is not None
    whole = merge(histograms)
    assert (found.scale, found.zero_count) == (whole.scale, whole.zero_count)
    for ours, theirs in ((found.positive, whole.positive), (found.negative, whole.negative)):
        filled = np.flatnonzero(theirs.counts)
        index = np.flatnonzero(ours.counts)
        assert (index + ours.offset).tolist() == (filled + theirs.offset).tolist()
        assert ours.counts[index].tolist() == theirs.counts[filled].tolist()


def assert_frame(frame: Frame, level_ns: int, parts: Sequence[Point]) -> None:
    """Assert that a frame holds exactly these points."""
    buckets: dict[int, list[Point]] = {}
    for p in parts:
        buckets.setdefault(p.start_ns // level_ns * level_ns, []).append(p)
    assert frame.start_ns.tolist() == sorted(buckets)
    for i, start in enumerate(sorted(buckets)):
        inside = buckets[start]
        assert_moments(
            Moments(
                int(frame.count[i]),
                *(float(getattr(frame, n)[i]) for n in ("mean", "m2", "minimum", "maximum", "last")),
            ),
            inside,
        )
        found = [float(getattr(frame, name)[i]) for name in ("p50", "p90", "p95", "p99")]
        histograms = [p.histogram for p in inside if p.histogram is not None]
        if histograms:
            low, high = float(frame.minimum[i]), float(frame.maximum[i])
            expected = quantiles(merge(histograms), (0.5, 0.9, 0.95, 0.99), low, high)
            np.testing.assert_allclose(found, expected, rtol=1e-12)
        else:
            assert all(math.isnan(v) for v in found)


Write = tuple[SeriesKey, int, list[float], int]

KEEP_ALL = Retention(levels_ns=(30 * DAY_NS,) * 4)

values_strategy = st.lists(
    st.one_of(
        st.just(0.0),
        st.floats(1e-3, 1e6),
        st.floats(-1e4, -1e-3),
    ),
    min_size=1,
    max_size=5,
)
write_strategy = st.tuples(
    st.sampled_from(SERIES), st.integers(0, 7_500), values_strategy, st.sampled_from((6, 6, 3, 0))
)
action_strategy = st.one_of(
    st.lists(write_strategy, min_size=1, max_size=6),
    st.integers(0, 3 * 3_600).map(lambda s: T0 + s * SECOND_NS),
)


class StoreContract:
    """What every store must do."""

    examples = 30
    """Interleavings that are tried; fewer where a store takes long to make."""

    def open_empty(self, retention: Retention) -> AbstractContextManager[Store]:
        """Return a store without content; leaving the context closes and removes it."""
        raise NotImplementedError

    def test_any_interleaving_of_writes_and_upkeep_reads_as_the_direct_merge(self) -> None:
        @settings(max_examples=self.examples, deadline=None)
        @given(st.lists(action_strategy, min_size=1, max_size=10), st.tuples(*[st.integers(-10, 7_600)] * 2))
        def holds(actions: list[int | list[Write]], window: tuple[int, int]) -> None:
            written: list[Point] = []
            with self.open_empty(KEEP_ALL) as store:
                for action in actions:
                    if isinstance(action, int):
                        store.maintain(action)
                        continue
                    # The nanosecond makes the newest value of a bucket unambiguous.
                    batch = tuple(
                        point(series, T0 + second * SECOND_NS + len(written) + i, values, scale)
                        for i, (series, second, values, scale) in enumerate(action)
                    )
                    store.write(Batch(points=batch))
                    written += batch
                self._assert_holds(store, written, *(T0 + s * SECOND_NS for s in sorted(window)))

        holds()

    def _assert_holds(self, store: Store, written: list[Point], start_ns: int, end_ns: int) -> None:
        for level_ns in LEVELS_NS:
            frames = store.read(FrameQuery(T0, T0 + 3 * HOUR_NS, level_ns))
            assert set(frames) == {p.series for p in written}
            for series, frame in frames.items():
                assert_frame(frame, level_ns, [p for p in written if p.series == series])
        inside = [p for p in written if start_ns <= p.start_ns // SECOND_NS * SECOND_NS < end_ns]
        totals = store.read(TotalQuery(start_ns, end_ns))
        assert set(totals) == {p.series for p in inside}
        assert store.read(SeriesQuery(start_ns, end_ns)) == tuple(sorted(totals))
        for series, total in totals.items():
            parts = [p for p in inside if p.series == series]
            assert_moments(total.moments, parts)
            assert_same_histogram(total.histogram, parts)

    def test_upkeep_twice_at_one_time_finds_nothing_left_to_do(self) -> None:
        with self.open_empty(Retention()) as store:
            for second in range(130):
                store.write(Batch(points=(point(LATENCY, T0 + second * SECOND_NS, [1.0, 2.0]),)))
            now_ns = T0 + 2 * HOUR_NS
            assert store.maintain(now_ns).rolled_up > 0
            before = store.read(SizeQuery())
            again = store.maintain(now_ns)
            assert (again.rolled_up, again.expired_points) == (0, 0)
            assert store.read(SizeQuery()) == before

    def test_what_was_written_is_read_at_once_at_every_level(self) -> None:
        written = [point(LATENCY, T0 + s * SECOND_NS, [float(s + 1)]) for s in range(75)]
        with self.open_empty(Retention()) as store:
            for p in written:
                store.write(Batch(points=(p,)))
                frame = store.read(FrameQuery(T0, T0 + HOUR_NS, HOUR_NS))[LATENCY]
                assert frame.last.tolist() == [p.moments.last]
            for level_ns in LEVELS_NS:
                assert_frame(store.read(FrameQuery(T0, T0 + HOUR_NS, level_ns))[LATENCY], level_ns, written)

    def test_fine_buckets_expire_and_totals_fall_back_to_coarser_ones(self) -> None:
        day = [point(LATENCY, T0 + s * SECOND_NS, [float(1 + s % 7)]) for s in range(0, 24 * 3600, 300)]
        with self.open_empty(Retention()) as store:
            store.write(Batch(points=tuple(day)))
            store.maintain(T0 + 25 * HOUR_NS)
            store.maintain(T0 + 3 * DAY_NS)
            old = (T0, T0 + HOUR_NS)
            assert store.read(FrameQuery(*old, LEVELS_NS[0])) == {}
            assert store.read(FrameQuery(*old, LEVELS_NS[1])) == {}
            assert_frame(store.read(FrameQuery(*old, MINUTE_NS))[LATENCY], MINUTE_NS, day[:12])
            # Half a minute off: the minute that begins before the window is left out, the last counts whole.
            ragged = store.read(TotalQuery(T0 + 30 * SECOND_NS, T0 + 20 * MINUTE_NS + SECOND_NS))[LATENCY]
            assert_moments(ragged.moments, day[1:5])
            store.maintain(T0 + 20 * DAY_NS)
            assert store.read(FrameQuery(*old, MINUTE_NS)) == {}
            assert_moments(store.read(TotalQuery(T0, T0 + DAY_NS))[LATENCY].moments, day)
            assert_same_histogram(store.read(TotalQuery(T0, T0 + DAY_NS))[LATENCY].histogram, day)
            store.maintain(T0 + 60 * DAY_NS)
            assert store.read(TotalQuery(T0, T0 + DAY_NS)) == {}
            assert store.read(SizeQuery()).points == 0

    def test_a_series_that_was_forgotten_begins_anew(self) -> None:
        with self.open_empty(Retention()) as store:
            store.write(Batch(points=(point(LATENCY, T0, [1.0]),)))
            later = T0 + 100 * DAY_NS
            store.maintain(later)
            assert store.read(SizeQuery()).series == 0
            new = point(LATENCY, later, [2.0])
            store.write(Batch(points=(new,)))
            assert_moments(store.read(TotalQuery(0, later + DAY_NS))[LATENCY].moments, [new])

    def test_a_series_that_is_written_again_after_a_long_time_is_not_forgotten(self) -> None:
        with self.open_empty(Retention()) as store:
            store.write(Batch(points=(point(LATENCY, T0, [1.0]),)))
            later = T0 + 100 * DAY_NS
            new = point(LATENCY, later, [2.0])
            store.write(Batch(points=(new,)))
            store.maintain(later)
            assert_moments(store.read(TotalQuery(later, later + DAY_NS))[LATENCY].moments, [new])

    def test_queries_choose_series_by_metric_attributes_and_window(self) -> None:
        with self.open_empty(Retention()) as store:
            store.write(
                Batch(points=tuple(point(s, T0 + i * MINUTE_NS, [1.0]) for i, s in enumerate(SERIES)))
            )
            window = (T0, T0 + HOUR_NS)
            assert store.read(SeriesQuery(*window)) == tuple(sorted(SERIES))
            assert store.read(SeriesQuery(*window, metric="llm.duration")) == (LATENCY, OTHER_LATENCY)
            assert store.read(SeriesQuery(*window, attributes={"service": "web"})) == (
                LATENCY,
                OTHER_LATENCY,
                LEVEL,
            )
            assert store.read(SeriesQuery(T0 + MINUTE_NS, T0 + 2 * MINUTE_NS)) == (OTHER_LATENCY,)
            assert store.read(SeriesQuery(*window, metric="unknown")) == ()
            assert set(store.read(TotalQuery(*window, attributes={"model": "n"}))) == {OTHER_LATENCY}
            assert set(store.read(FrameQuery(*window, SECOND_NS, metric="memory.rss"))) == {LEVEL}

    def test_an_empty_window_and_a_point_without_values_give_nothing(self) -> None:
        with self.open_empty(Retention()) as store:
            store.write(Batch())
            store.write(
                Batch(points=(replace(point(LATENCY, T0, [1.0]), moments=Moments(0, 0, 0, 0, 0, 0)),))
            )
            assert store.read(TotalQuery(T0, T0 + HOUR_NS)) == {}
            assert store.read(FrameQuery(T0 + HOUR_NS, T0, MINUTE_NS)) == {}
            assert store.read(TracesQuery(T0, T0 + HOUR_NS)) == ()

    def test_a_batch_with_an_impossible_time_is_refused_whole(self) -> None:
        good, bad = point(LATENCY, T0, [1.0]), point(OTHER_LATENCY, -5, [1.0])
        with self.open_empty(Retention()) as store:
            for batch in (
                Batch(points=(good, bad), spans=(span(1, 1),)),
                Batch(points=(good,), spans=(span(1, 1), span(1, 2, start_ns=1 << 70))),
                Batch(points=(good,), logs=(LogRecord(-(1 << 70), "s", "INFO", "before time"),)),
            ):
                with pytest.raises(HomeostatError):
                    store.write(batch)
            assert store.read(TotalQuery(T0, T0 + HOUR_NS)) == {}
            size = store.read(SizeQuery())
            assert (size.points, size.spans, size.series) == (0, 0, 0)
            store.write(Batch(points=(good,)))
            assert_moments(store.read(TotalQuery(T0, T0 + HOUR_NS))[LATENCY].moments, [good])

    def test_an_odd_attribute_or_text_does_not_cost_a_batch(self) -> None:
        odd = span(1, 1, operation="half \ud800", attributes={"huge": 1 << 80, "path": "\udcff", "n": 1})
        with self.open_empty(Retention()) as store:
            store.write(
                Batch(
                    points=(point(SeriesKey.of("m", Kind.GAUGE, "1", {"path": "\udcff"}), T0, [1.0]),),
                    spans=(span(2, 1), odd),
                    logs=(LogRecord(T0, "web", "INFO", "\udcff"),),
                )
            )
            (key,) = store.read(SeriesQuery(T0, T0 + HOUR_NS))
            assert key.get("path") == "\\udcff"
            (kept,) = store.read(TraceQuery(odd.trace_id))
            assert kept.attributes == {"huge": str(1 << 80), "path": "\\udcff", "n": 1}
            assert (kept.start_ns, kept.llm, kept.events) == (odd.start_ns, odd.llm, odd.events)
            assert store.read(TraceQuery(span(2, 1).trace_id)) == (span(2, 1),)
            assert store.read(LogsQuery(T0, T0 + 1))[0].name == "\\udcff"

    def test_a_nul_character_does_not_cost_a_batch(self) -> None:
        with self.open_empty(Retention()) as store:
            store.write(
                Batch(
                    points=(point(SeriesKey.of("m", Kind.GAUGE, "1", {"path": "a\0b"}), T0, [1.0]),),
                    spans=(span(1, 1, operation="a\0b", attributes={"text": "a\0b"}),),
                    logs=(LogRecord(T0, "web", "INFO", "a\0b"),),
                    records=(Record("state", "a\0b", T0, b"a\0b"),),
                )
            )
            assert len(store.read(SeriesQuery(T0, T0 + HOUR_NS))) == 1
            (kept,) = store.read(TraceQuery(span(1, 1).trace_id))
            assert (kept.operation, kept.attributes) == ("a\0b", {"text": "a\0b"})
            assert len(store.read(TracesQuery(T0, T0 + HOUR_NS, operation="a\0b"))) == 1
            assert store.read(LogsQuery(T0, T0 + 1))[0].name == "a\0b"
            assert store.read(RecordsQuery("state"))[0].body == b"a\0b"

    def test_spans_come_back_as_they_were_written_and_once(self) -> None:
        spans = (span(7, 2, 1, error="TimeoutError"), span(7, 1), span(7, 3, 2, llm=None))
        with self.open_empty(Retention()) as store:
            store.write(Batch(spans=spans))
            store.write(Batch(spans=(*spans[:2], span(8, 1))))
            kept = store.read(TraceQuery(spans[0].trace_id))
            assert kept == tuple(sorted(spans, key=lambda s: s.start_ns))
            assert store.read(SizeQuery()).spans == 4
            (summary,) = store.read(TracesQuery(T0, T0 + HOUR_NS, failed_only=True))
            assert (summary.spans, summary.errors) == (3, 1)
            assert store.read(TraceQuery(b"unknown")) == ()

    def test_a_trace_is_described_by_its_root_or_else_by_its_earliest_span(self) -> None:
        with self.open_empty(Retention()) as store:
            store.write(Batch(spans=(span(1, 5, 4), span(1, 3, 2))))
            (early,) = store.read(TracesQuery(T0, T0 + HOUR_NS))
            assert (early.operation, early.start_ns) == ("op3", T0 + 3 * SECOND_NS)
            store.write(Batch(spans=(span(1, 2, 9),)))
            assert store.read(TracesQuery(T0, T0 + HOUR_NS))[0].operation == "op2"
            store.write(Batch(spans=(span(1, 4, duration_ns=9 * SECOND_NS),)))
            (whole,) = store.read(TracesQuery(T0, T0 + HOUR_NS))
            assert (whole.operation, whole.start_ns, whole.duration_ns, whole.spans) == (
                "op4",
                T0 + 2 * SECOND_NS,
                11 * SECOND_NS,
                4,
            )

    def test_traces_are_ordered_filtered_and_limited(self) -> None:
        with self.open_empty(Retention()) as store:
            store.write(
                Batch(
                    spans=tuple(
                        span(
                            i,
                            i,
                            duration_ns=(i * 7 % 5) * SECOND_NS,
                            operation="even" if i % 2 == 0 else "odd",
                        )
                        for i in range(1, 6)
                    )
                )
            )
            window = (T0, T0 + HOUR_NS)
            slowest = store.read(TracesQuery(*window, limit=2))
            assert [t.duration_ns // SECOND_NS for t in slowest] == [4, 3]
            newest = store.read(TracesQuery(*window, order="newest", operation="odd"))
            assert [t.start_ns for t in newest] == [T0 + i * SECOND_NS for i in (5, 3, 1)]
            assert store.read(TracesQuery(T0, T0 + SECOND_NS)) == ()

    def test_logs_come_newest_first_within_their_window(self) -> None:
        records = tuple(
            LogRecord(
                T0 + i, "web", "INFO", f"event {i}", trace_id=b"t" * 16 if i % 2 else b"", attributes={"i": i}
            )
            for i in range(6)
        )
        with self.open_empty(Retention()) as store:
            store.write(Batch(logs=records))
            assert store.read(LogsQuery(T0, T0 + 6)) == records[::-1]
            assert store.read(LogsQuery(T0 + 1, T0 + 4, limit=2)) == (records[3], records[2])
            assert store.read(LogsQuery(T0, T0 + 6, trace_id=b"t" * 16)) == records[5::-2]

    def test_spans_and_logs_are_bounded_by_age_and_number(self) -> None:
        keep = Retention(spans_ns=DAY_NS, spans_max=10, logs_max=4)
        with self.open_empty(keep) as store:
            store.write(
                Batch(
                    spans=tuple(span(i, n, start_ns=T0 + i * HOUR_NS) for i in range(8) for n in (1, 2)),
                    logs=tuple(LogRecord(T0 + i * HOUR_NS, "web", "INFO", f"{i}") for i in range(8)),
                )
            )
            done = store.maintain(T0 + 8 * HOUR_NS)
            assert (done.expired_spans, done.expired_logs) == (6, 4)
            assert [t.start_ns for t in store.read(TracesQuery(0, T0 + DAY_NS, order="newest"))] == [
                T0 + i * HOUR_NS for i in (7, 6, 5, 4, 3)
            ]
            assert [r.name for r in store.read(LogsQuery(0, T0 + DAY_NS))] == ["7", "6", "5", "4"]
            later = [store.maintain(T0 + DAY_NS + 6 * HOUR_NS + 1)]
            assert [t.start_ns for t in store.read(TracesQuery(0, T0 + DAY_NS))] == [T0 + 7 * HOUR_NS]
            assert [r.name for r in store.read(LogsQuery(0, T0 + DAY_NS))] == ["7"]
            assert store.read(TraceQuery(span(6, 1).trace_id)) == ()
            assert len(store.read(TraceQuery(span(7, 1).trace_id))) == 2
            # What is past its age is not read any more; it may take up space for another day.
            later += [store.maintain(T0 + n * DAY_NS) for n in (2, 3)]
            assert sum(done.expired_spans for done in later) == 10
            assert sum(done.expired_logs for done in later) == 4
            assert store.read(SizeQuery()).spans == 0

    def test_the_size_says_what_is_kept_and_how_well_it_is_compressed(self) -> None:
        rng = np.random.default_rng(5)
        with self.open_empty(Retention()) as store:
            store.write(
                Batch(
                    points=tuple(
                        point(LATENCY, T0 + s * SECOND_NS, rng.lognormal(size=50).tolist())
                        for s in range(300)
                    )
                )
            )
            size = store.read(SizeQuery())
            assert (size.points, size.series) == (300, 1)
            assert size.bytes > 0
            assert size.raw_bytes == 0 or size.compressed_bytes < size.raw_bytes

    def test_a_record_is_replaced_by_its_key_and_forgotten_by_an_empty_body(self) -> None:
        with self.open_empty(Retention()) as store:
            store.write(Batch(records=tuple(Record("state", f"k{i}", T0 + i, b"old") for i in range(4))))
            store.write(
                Batch(
                    records=(
                        Record("state", "k1", T0 + 9, b"new"),
                        Record("state", "k2", T0 + 9, b""),
                        Record("notice", "k1", T0, b"other"),
                    )
                )
            )
            found = store.read(RecordsQuery("state"))
            assert [(r.key, r.body) for r in found] == [("k1", b"new"), ("k3", b"old"), ("k0", b"old")]
            assert [r.key for r in store.read(RecordsQuery("state", T0, T0 + 9, limit=1))] == ["k3"]
            assert store.read(RecordsQuery("notice")) == (Record("notice", "k1", T0, b"other"),)

    def test_records_are_found_by_the_beginning_of_their_key(self) -> None:
        keys = ("a.1", "a.2", "ab", "A.1", "a%", "b", "a.é", "a")
        with self.open_empty(Retention()) as store:
            store.write(Batch(records=tuple(Record("state", k, T0 + i, b"x") for i, k in enumerate(keys))))
            store.write(Batch(records=(Record("notice", "a.1", T0, b"x"),)))
            found = store.read(RecordsQuery("state", prefix="a."))
            assert [r.key for r in found] == ["a.é", "a.2", "a.1"]
            assert [r.key for r in store.read(RecordsQuery("state", T0, T0 + 2, 1, "a."))] == ["a.2"]
            assert [r.key for r in store.read(RecordsQuery("state", prefix="a%"))] == ["a%"]

    def test_records_and_points_of_a_batch_are_kept_together_or_not_at_all(self) -> None:
        good = point(LATENCY, T0, [1.0])
        with self.open_empty(Retention()) as store:
            with pytest.raises(HomeostatError):
                store.write(Batch(points=(good,), records=(Record("state", "k", 1 << 70, b"x"),)))
            assert store.read(TotalQuery(T0, T0 + HOUR_NS)) == {}
            assert store.read(RecordsQuery("state")) == ()

    def test_records_stay_until_they_expire(self) -> None:
        with self.open_empty(Retention()) as store:
            store.write(
                Batch(
                    records=(
                        Record("notice", "short", T0, b"x", T0 + HOUR_NS),
                        Record("notice", "ever", T0, b"x"),
                    )
                )
            )
            store.maintain(T0 + HOUR_NS - 1)
            assert len(store.read(RecordsQuery("notice"))) == 2
            store.maintain(T0 + HOUR_NS)
            assert [r.key for r in store.read(RecordsQuery("notice"))] == ["ever"]
            store.maintain(T0 + 400 * DAY_NS)
            assert [r.key for r in store.read(RecordsQuery("notice"))] == ["ever"]

    def test_a_question_that_it_does_not_know_is_refused(self) -> None:
        class Riddle(Query[int]):
            __slots__ = ()

        with self.open_empty(Retention()) as store:
            with pytest.raises(InputError, match="Riddle"):
                store.read(Riddle())
            with pytest.raises(InputError, match="not 7"):
                store.read(FrameQuery(T0, T0 + HOUR_NS, 7))
