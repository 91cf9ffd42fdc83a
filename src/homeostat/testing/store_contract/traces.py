"""The contract of spans and logs: they come back as they were, and are bounded."""

from homeostat.core.batch import Batch
from homeostat.core.clock import DAY_NS, HOUR_NS, SECOND_NS
from homeostat.core.query import LogsQuery, Retention, SizeQuery, TraceQuery, TracesQuery
from homeostat.core.span import LogRecord
from homeostat.testing.store_contract.opening import Opening
from homeostat.testing.store_contract.samples import T0, span


class TracesContract(Opening):
    """What every store must do with spans and logs."""

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
