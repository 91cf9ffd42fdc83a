"""Claims about tail sampling: what is kept and why, and that it stays within its bounds."""

import random
from collections import Counter

import pytest

from homeostat.core.application import Application
from homeostat.core.losses import Losses
from homeostat.core.span import Span
from homeostat.observe.quota import TailPolicy
from homeostat.observe.registry import Registry
from homeostat.observe.tracer import KEPT, Tracer
from homeostat.testing.clock import ManualClock

SECOND = 1_000_000_000


class Bench:
    """A traced process that is drained once a second."""

    def __init__(self, **policy: int) -> None:
        self.clock = ManualClock()
        self.losses = Losses()
        self.registry = Registry(self.losses)
        self.tracer = Tracer(
            self.registry,
            self.losses,
            self.clock,
            Application("svc"),
            tail=TailPolicy(**policy),
            rng=random.Random(1),
        )

    def run(self, seconds: float, *, error: str = "", name: str = "answer") -> None:
        with self.tracer.operation(name) as operation:
            self.clock.advance(seconds)
            if error:
                operation.fail(error)

    def drain(self) -> tuple[Span, ...]:
        spans = self.tracer.drain()
        self.registry.fold(0, SECOND)
        return spans


def reasons(spans: tuple[Span, ...]) -> Counter[object]:
    return Counter(s.attributes[KEPT] for s in spans if KEPT in s.attributes)


def usual(bench: Bench, n: int = 400) -> None:
    """Let the operation have a past: durations of 1 to 100 ms, drained often, then forget what was kept."""
    rng = random.Random(2)
    for _ in range(n):
        bench.run(rng.uniform(0.001, 0.1))
        if rng.random() < 0.1:
            bench.drain()
    bench.drain()
    bench.clock.advance(120.0)
    bench.drain()


def test_the_first_operations_are_kept_so_that_there_is_a_picture_at_once() -> None:
    bench = Bench(sampled_per_minute=12)
    for _ in range(50):
        bench.run(0.0)
    assert reasons(bench.drain()) == {"sampled": 12}


def test_a_failed_operation_keeps_its_whole_tree() -> None:
    bench = Bench(sampled_per_minute=0)
    with bench.tracer.operation("answer"), bench.tracer.operation("retrieve"):
        with bench.tracer.operation("embed") as embed:
            embed.fail("Timeout")
        with bench.tracer.operation("search"):
            pass
    spans = bench.drain()
    assert {s.name for s in spans} == {"answer", "retrieve", "embed", "search"}
    assert reasons(spans) == {"failed": 1}


def test_a_slow_operation_is_kept_and_an_ordinary_one_is_not() -> None:
    bench = Bench(sampled_per_minute=0)
    usual(bench)
    for _ in range(20):
        bench.run(0.050)
    bench.run(0.500)
    spans = bench.drain()
    assert reasons(spans) == {"slow": 1}
    assert spans[0].duration_ns == SECOND // 2


def test_nothing_is_called_slow_before_there_is_a_past_to_compare_with() -> None:
    bench = Bench(sampled_per_minute=0)
    for _ in range(19):
        bench.run(0.001)
    bench.drain()
    bench.drain()
    bench.run(10.0)
    assert bench.drain() == ()


def test_what_is_slow_follows_the_last_thousand_durations() -> None:
    bench = Bench(sampled_per_minute=0, slow_per_minute=1_000_000)
    usual(bench)
    for _ in range(1_100):
        bench.run(0.5 + random.random() / 100)
    bench.drain()
    bench.drain()
    bench.run(0.4)
    assert bench.drain() == ()


def test_a_trace_that_left_the_process_is_kept() -> None:
    bench = Bench(sampled_per_minute=0)
    headers: dict[str, str] = {}
    with bench.tracer.operation("answer"):
        bench.tracer.inject(headers)
    (span,) = bench.drain()
    assert span.attributes[KEPT] == "propagated"
    assert headers["traceparent"] == f"00-{span.trace_id.hex()}-{span.span_id.hex()}-01"


@pytest.mark.parametrize(("flags", "kept"), [("01", 1), ("00", 0)])
def test_a_trace_that_came_in_is_kept_where_its_caller_may_have_kept_it(flags: str, kept: int) -> None:
    bench = Bench(sampled_per_minute=0)
    parent = f"00-{'a' * 32}-{'b' * 16}-{flags}"
    with bench.tracer.operation("serve", traceparent=parent):
        pass
    spans = bench.drain()
    assert len(spans) == kept
    for span in spans:
        assert (span.trace_id.hex(), span.parent_id.hex()) == ("a" * 32, "b" * 16)


def test_a_broken_header_begins_a_new_trace_and_is_counted() -> None:
    bench = Bench()
    with bench.tracer.operation("serve", traceparent="00-nonsense"):
        pass
    assert bench.tracer.extract({"Traceparent": "rubbish"}) is None
    assert bench.tracer.extract({}) is None
    assert bench.drain()[0].parent_id == b""
    assert bench.losses.totals() == {"trace.bad_traceparent": 2}


def test_trace_and_state_travel_from_one_process_to_the_next() -> None:
    first, second = Bench(), Bench()
    incoming = {"traceparent": f"00-{'a' * 32}-{'b' * 16}-01", "tracestate": "vendor=1"}
    headers: dict[str, str] = {}
    with (
        first.tracer.operation("a", traceparent=first.tracer.extract(incoming)),
        first.tracer.operation("b"),
    ):
        first.tracer.inject(headers)
    with second.tracer.operation("c", traceparent=second.tracer.extract(headers)):
        pass
    spans = {s.name: s for s in (*first.drain(), *second.drain())}
    assert headers["tracestate"] == "vendor=1"
    assert {s.trace_id.hex() for s in spans.values()} == {"a" * 32}
    assert spans["c"].parent_id == spans["b"].span_id


def test_headers_stay_empty_outside_of_operations() -> None:
    headers: dict[str, str] = {}
    Bench().tracer.inject(headers)
    assert headers == {}


@pytest.mark.parametrize("per_second", [5, 100, 1_000])
def test_the_sample_keeps_its_rate_whatever_the_traffic(per_second: int) -> None:
    bench = Bench(sampled_per_minute=12)
    kept = 0
    for second in range(300):
        for _ in range(per_second):
            bench.run(1.0 / per_second)
        spans = bench.drain()
        kept += reasons(spans)["sampled"] if second >= 60 else 0
    assert 24 <= kept <= 49


def test_the_sample_is_uniform_over_what_happens() -> None:
    """Of operations half of which are of one kind, about half of the sample is."""
    bench = Bench(sampled_per_minute=600, slow_per_minute=0)
    rng = random.Random(3)
    seen: Counter[bool] = Counter()
    for _ in range(120):
        for _ in range(200):
            kind = rng.random() < 0.5
            with bench.tracer.operation("answer", kind=kind):
                bench.clock.advance(0.005)
        seen.update(bool(s.attributes["kind"]) for s in bench.drain())
    assert sum(seen.values()) > 600
    assert 0.44 <= seen[True] / sum(seen.values()) <= 0.56


def test_failures_beyond_the_budget_are_dropped_and_counted() -> None:
    bench = Bench(failed_per_minute=60, sampled_per_minute=0)
    for _ in range(100):
        bench.run(0.0, error="Boom")
    assert reasons(bench.drain()) == {"failed": 60}
    assert bench.losses.totals() == {"trace.over_budget": 40}
    assert bench.registry.snapshot("operation.errors", {}).total == 100.0


def test_the_budget_grows_back_with_time() -> None:
    bench = Bench(failed_per_minute=60, sampled_per_minute=0)
    for _ in range(60):
        bench.run(0.0, error="Boom")
    bench.drain()
    bench.clock.advance(10.0)
    bench.drain()
    for _ in range(60):
        bench.run(0.0, error="Boom")
    assert reasons(bench.drain()) == {"failed": 10}


def test_each_operation_has_a_budget_of_its_own() -> None:
    bench = Bench(failed_per_minute=5, sampled_per_minute=0)
    for name in ("a", "b"):
        for _ in range(10):
            bench.run(0.0, error="Boom", name=name)
    assert Counter(s.name for s in bench.drain()) == {"a": 5, "b": 5}


def test_the_slowest_of_a_minute_is_kept_even_over_budget() -> None:
    bench = Bench(slow_per_minute=5, sampled_per_minute=0)
    usual(bench)
    for _ in range(50):
        bench.run(0.200)
    bench.run(5.0)
    durations = [s.duration_ns for s in bench.drain()]
    assert max(durations) == 5 * SECOND
    assert len(durations) <= 7


def test_ever_slower_operations_cannot_outgrow_twice_the_budget() -> None:
    bench = Bench(slow_per_minute=5, sampled_per_minute=0)
    usual(bench)
    for i in range(200):
        bench.run(0.2 + i / 1_000)
    assert len(bench.drain()) == 10


def test_spans_that_wait_are_bounded_and_what_is_dropped_is_counted() -> None:
    bench = Bench(spans_held_max=50, failed_per_minute=1_000, sampled_per_minute=0)
    for _ in range(20):
        with bench.tracer.operation("answer") as answer:
            for _ in range(9):
                with answer.stage("part"):
                    pass
            answer.fail("Boom")
    assert len(bench.drain()) == 50
    assert bench.losses.totals() == {"trace.buffer_full": 150}


def test_a_forked_child_does_not_send_what_its_parent_kept() -> None:
    bench = Bench()
    bench.run(0.0)
    bench.tracer.forget_kept()
    assert bench.drain() == ()
    bench.run(0.0, error="Boom")
    assert len(bench.drain()) == 1


def test_ids_are_drawn_only_for_what_is_kept() -> None:
    bench = Bench(sampled_per_minute=0)
    with bench.tracer.operation("answer") as answer:
        pass
    bench.drain()
    assert (answer.trace_id, answer.span_id) == (b"", b"")
