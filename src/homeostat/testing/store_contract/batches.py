"""The contract of batches and questions: odd ones cost nothing else, impossible ones are refused whole."""

from dataclasses import replace

import pytest

from homeostat.core.batch import Batch
from homeostat.core.clock import HOUR_NS, MINUTE_NS
from homeostat.core.errors import HomeostatError, InputError
from homeostat.core.metric import Kind
from homeostat.core.point import Moments
from homeostat.core.query import (
    FrameQuery,
    LogsQuery,
    Query,
    RecordsQuery,
    Retention,
    SeriesQuery,
    SizeQuery,
    TotalQuery,
    TraceQuery,
    TracesQuery,
)
from homeostat.core.record import Record
from homeostat.core.series import SeriesKey
from homeostat.core.span import LogRecord
from homeostat.testing.store_contract.comparing import assert_moments
from homeostat.testing.store_contract.opening import Opening
from homeostat.testing.store_contract.samples import LATENCY, OTHER_LATENCY, T0, point, span


class BatchesContract(Opening):
    """What every store must do with batches and questions, odd ones included."""

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

    def test_records_and_points_of_a_batch_are_kept_together_or_not_at_all(self) -> None:
        good = point(LATENCY, T0, [1.0])
        with self.open_empty(Retention()) as store:
            with pytest.raises(HomeostatError):
                store.write(Batch(points=(good,), records=(Record("state", "k", 1 << 70, b"x"),)))
            assert store.read(TotalQuery(T0, T0 + HOUR_NS)) == {}
            assert store.read(RecordsQuery("state")) == ()

    def test_a_question_that_it_does_not_know_is_refused(self) -> None:
        class Riddle(Query[int]):
            __slots__ = ()

        with self.open_empty(Retention()) as store:
            with pytest.raises(InputError, match="Riddle"):
                store.read(Riddle())
            with pytest.raises(InputError, match="not 7"):
                store.read(FrameQuery(T0, T0 + HOUR_NS, 7))
