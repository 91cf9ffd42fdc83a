"""Claims about operations: what is measured, how they nest, and that they never get in the way."""

import asyncio
import contextvars
import gc
import inspect
import threading
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from homeostat.core.application import Application
from homeostat.core.errors import ConfigError
from homeostat.core.losses import Losses
from homeostat.core.point import Point
from homeostat.core.span import Span
from homeostat.observe.operation import ATTRIBUTES_MAX, SPANS_MAX, TEXT_MAX
from homeostat.observe.registry import Registry
from homeostat.observe.tracer import Tracer
from homeostat.testing.clock import ManualClock
from homeostat.testing.threads import eager_switching


class Bench:
    """A tracer with a clock of its own, and what came of it."""

    def __init__(self, series_max: int = 1_000) -> None:
        self.clock = ManualClock()
        self.losses = Losses()
        self.registry = Registry(self.losses, series_max)
        self.tracer = Tracer(self.registry, self.losses, self.clock, Application("svc"))
        self.operation = self.tracer.operation

    def spans(self) -> dict[str, Span]:
        """The kept spans by name; each name once."""
        drained = self.tracer.drain()
        found = {s.name: s for s in drained}
        assert len(found) == len(drained), [s.name for s in drained]
        return found

    def points(self) -> dict[tuple[str, str], Point]:
        """The points by metric, and operation with error."""
        points = self.registry.fold(0, 1_000_000_000)
        return {
            (p.series.metric, "!".join(filter(None, (p.series.get("operation"), p.series.get("error"))))): p
            for p in points
        }

    def parent(self, spans: dict[str, Span], child: str) -> str:
        ids = {s.span_id: s.name for s in spans.values()}
        return ids.get(spans[child].parent_id, "")


@pytest.fixture
def bench() -> Bench:
    return Bench()


def test_a_block_is_measured_in_milliseconds_under_its_name_and_service(bench: Bench) -> None:
    with bench.operation("answer"):
        bench.clock.advance(0.25)
    (point,) = bench.registry.fold(0, 1)
    assert (point.series.metric, point.series.unit) == ("operation.duration", "ms")
    assert point.series.attributes == (("operation", "answer"), ("service", "svc"))
    assert (point.moments.count, point.moments.total) == (1, 250.0)


def test_a_span_says_when_in_wall_time_and_how_long(bench: Bench) -> None:
    bench.clock.advance(5.0)
    began = bench.clock.now_ns()
    with bench.operation("answer"):
        bench.clock.advance(0.5)
    span = bench.spans()["answer"]
    assert (span.start_ns, span.duration_ns, span.parent_id) == (began, 500_000_000, b"")
    assert (len(span.trace_id), len(span.span_id)) == (16, 8)


def test_operations_nest(bench: Bench) -> None:
    with bench.operation("a"):
        with bench.operation("b"), bench.operation("c"):
            pass
        with bench.operation("d"):
            pass
    spans = bench.spans()
    assert [bench.parent(spans, n) for n in "abcd"] == ["", "a", "b", "a"]
    assert len({s.trace_id for s in spans.values()}) == 1


def test_siblings_at_the_root_are_traces_of_their_own(bench: Bench) -> None:
    for name in ("a", "b"):
        with bench.operation(name):
            pass
    spans = bench.spans()
    assert spans["a"].trace_id != spans["b"].trace_id


def test_a_stage_is_a_child_named_after_its_operation(bench: Bench) -> None:
    with bench.operation("answer") as answer, answer.stage("retrieve"):
        bench.clock.advance(0.1)
    spans = bench.spans()
    assert bench.parent(spans, "answer.retrieve") == "answer"
    assert bench.points()["operation.duration", "answer.retrieve"].moments.total == 100.0


@pytest.mark.parametrize("kind", [ValueError, KeyboardInterrupt, SystemExit, asyncio.CancelledError])
def test_any_exception_is_counted_by_type_and_passes_unchanged(
    bench: Bench, kind: type[BaseException]
) -> None:
    error = kind("private words")
    with pytest.raises(kind) as caught, bench.operation("answer"):
        raise error
    assert caught.value is error
    assert bench.points()["operation.errors", f"answer!{kind.__name__}"].moments.total == 1.0
    span = bench.spans()["answer"]
    assert span.error == kind.__name__
    assert "private" not in repr(span)


@pytest.mark.parametrize(
    ("told", "counted"), [("Refused", "Refused"), (TimeoutError("private"), "TimeoutError"), ("", "error")]
)
def test_a_failure_without_an_exception_can_be_told(
    bench: Bench, told: str | BaseException, counted: str
) -> None:
    with bench.operation("answer") as answer:
        answer.fail(told)
    assert bench.points()["operation.errors", f"answer!{counted}"].moments.total == 1.0


def test_attributes_and_events_are_on_the_span_only(bench: Bench) -> None:
    with bench.operation("answer", user=7) as answer:
        answer.set(documents=3, ratio=0.5, cached=True, source=object)
        bench.clock.advance(0.1)
        answer.event("retry", attempt=2)
    span = bench.spans()["answer"]
    assert span.attributes["user"] == 7
    assert (span.attributes["documents"], span.attributes["ratio"], span.attributes["cached"]) == (
        3,
        0.5,
        True,
    )
    assert span.attributes["source"] == "<class 'object'>"
    (event,) = span.events
    assert (event.name, event.time_ns - span.start_ns, event.attributes) == (
        "retry",
        100_000_000,
        {"attempt": 2},
    )
    assert bench.points().keys() == {("operation.duration", "answer")}


def test_attributes_that_cannot_be_shown_or_are_too_many_do_no_harm(bench: Bench) -> None:
    class Broken:
        def __str__(self) -> str:
            raise RuntimeError("no text")

    with bench.operation("answer") as answer:
        answer.set(broken=Broken(), long="x" * (TEXT_MAX + 1))
        answer.set(**{f"k{i}": i for i in range(2 * ATTRIBUTES_MAX)})
        for _ in range(2 * ATTRIBUTES_MAX):
            answer.event("e")
    span = bench.spans()["answer"]
    assert "broken" not in span.attributes
    assert len(str(span.attributes["long"])) == TEXT_MAX
    assert len(span.events) == ATTRIBUTES_MAX
    lost = bench.losses.totals()
    assert lost["internal_error.attribute"] == 1
    assert lost["trace.attributes_over_limit"] == ATTRIBUTES_MAX + 1
    assert lost["trace.events_over_limit"] == ATTRIBUTES_MAX


def test_one_object_may_be_entered_again_and_again(bench: Bench) -> None:
    answer = bench.operation("answer")
    with answer:
        bench.clock.advance(1.0)
        with answer:
            bench.clock.advance(0.5)
            with answer:
                bench.clock.advance(0.25)
    with answer:
        bench.clock.advance(2.0)
    moments = bench.points()["operation.duration", "answer"].moments
    assert (moments.count, moments.minimum, moments.maximum) == (4, 250.0, 2_000.0)
    assert moments.total == 250.0 + 750.0 + 1_750.0 + 2_000.0


@eager_switching()
def test_one_object_may_be_entered_by_many_threads_at_once(bench: Bench) -> None:
    answer = bench.operation("answer")
    begin = threading.Barrier(4)

    def work() -> None:
        begin.wait()
        for _ in range(500):
            with answer, answer:
                pass

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert bench.points()["operation.duration", "answer"].moments.count == 4_000


def test_a_function_keeps_its_name_its_result_and_its_signature(bench: Bench) -> None:
    @bench.operation("answer")
    def answer(question: str, *, times: int = 1) -> str:
        """Says it."""
        return question * times

    assert answer("a", times=3) == "aaa"
    assert (answer.__name__, answer.__doc__) == ("answer", "Says it.")
    assert list(inspect.signature(answer).parameters) == ["question", "times"]
    assert bench.points()["operation.duration", "answer"].moments.count == 1


def test_a_recursive_function_is_measured_at_every_depth(bench: Bench) -> None:
    @bench.operation("walk")
    def walk(depth: int) -> int:
        return walk(depth - 1) + 1 if depth else 0

    assert walk(10) == 10
    assert bench.points()["operation.duration", "walk"].moments.count == 11
    parents = {s.parent_id for s in bench.tracer.drain()}
    assert len(parents) == 11


def test_a_coroutine_function_is_measured_until_it_returns(bench: Bench) -> None:
    @bench.operation("answer")
    async def answer() -> int:
        await asyncio.sleep(0)
        bench.clock.advance(1.0)
        return 3

    assert inspect.iscoroutinefunction(answer)
    assert asyncio.run(answer()) == 3
    assert bench.points()["operation.duration", "answer"].moments.total == 1_000.0


def test_tasks_inherit_the_operation_that_started_them(bench: Bench) -> None:
    async def child(name: str) -> None:
        async with bench.operation(name):
            await asyncio.sleep(0)

    async def main() -> None:
        async with bench.operation("root"):
            await asyncio.gather(*(child(f"child{i}") for i in range(3)))

    asyncio.run(main())
    spans = bench.spans()
    assert [bench.parent(spans, f"child{i}") for i in range(3)] == ["root"] * 3


def test_a_cancelled_task_is_counted_as_such(bench: Bench) -> None:
    @bench.operation("answer")
    async def answer() -> None:
        await asyncio.sleep(60)

    async def main() -> None:
        task = asyncio.create_task(answer())
        await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(main())
    assert bench.points()["operation.errors", "answer!CancelledError"].moments.total == 1.0


def test_a_thread_begins_a_trace_of_its_own_unless_it_is_given_the_context(bench: Bench) -> None:
    def work(name: str) -> None:
        with bench.operation(name):
            pass

    with bench.operation("root"):
        context = contextvars.copy_context()
        threads = [
            threading.Thread(target=work, args=("alone",)),
            threading.Thread(target=context.run, args=(work, "together")),
        ]
        for thread in threads:
            thread.start()
            thread.join()
    spans = bench.spans()
    assert bench.parent(spans, "together") == "root"
    assert spans["alone"].parent_id == b""


def test_a_generator_is_measured_from_its_first_step_until_it_is_exhausted(bench: Bench) -> None:
    @bench.operation("count")
    def count(n: int) -> Iterator[int]:
        for i in range(n):
            bench.clock.advance(0.1)
            yield i

    assert inspect.isgeneratorfunction(count)
    numbers = count(3)
    bench.clock.advance(50.0)
    assert list(numbers) == [0, 1, 2]
    assert bench.points()["operation.duration", "count"].moments.total == pytest.approx(300.0)


def test_a_generator_passes_values_errors_and_its_result_through(bench: Bench) -> None:
    seen: list[object] = []

    @bench.operation("echo")
    def echo():  # type: ignore[no-untyped-def]
        for _ in range(3):
            try:
                seen.append((yield len(seen)))
            except ValueError as error:
                seen.append(error)
        return "done"

    generator = echo()
    problem = ValueError("thrown in")
    assert next(generator) == 0
    assert generator.send("sent") == 1
    assert generator.throw(problem) == 2
    with pytest.raises(StopIteration) as stopped:
        next(generator)
    assert stopped.value.value == "done"
    assert seen == ["sent", problem, None]
    assert bench.spans()["echo"].error == ""


def test_an_error_within_a_generator_is_counted(bench: Bench) -> None:
    @bench.operation("numbers")
    def numbers() -> Iterator[int]:
        yield 1
        raise KeyError("x")

    with pytest.raises(KeyError):
        list(numbers())
    assert bench.points()["operation.errors", "numbers!KeyError"].moments.total == 1.0


@pytest.mark.parametrize("ending", ["close", "forget"])
def test_an_abandoned_generator_is_recorded_and_no_error(bench: Bench, ending: str) -> None:
    @bench.operation("numbers")
    def numbers() -> Iterator[int]:
        yield from range(10)

    generator = numbers()
    next(generator)
    bench.clock.advance(1.0)
    if ending == "close":
        generator.close()  # type: ignore[attr-defined]
    del generator
    gc.collect()
    assert bench.points().keys() == {("operation.duration", "numbers")}
    span = bench.spans()["numbers"]
    assert (span.error, span.duration_ns, span.attributes["homeostat.abandoned"]) == ("", 1_000_000_000, True)


def test_a_consumers_work_is_not_part_of_the_generators_trace(bench: Bench) -> None:
    @bench.operation("produce")
    def produce() -> Iterator[int]:
        with bench.operation("inner"):
            yield 1
            with bench.operation("innermost"):
                pass
            yield 2

    with bench.operation("root"):
        for i in produce():
            with bench.operation(f"consume{i}"):
                pass
        with bench.operation("after"):
            pass
    spans = bench.spans()
    names = ("produce", "inner", "innermost", "consume1", "consume2", "after")
    assert [bench.parent(spans, n) for n in names] == ["root", "produce", "inner", "root", "root", "root"]


def test_two_generators_in_turn_do_not_mix(bench: Bench) -> None:
    @bench.operation("odd")
    def odd() -> Iterator[int]:
        for i in range(2):
            with bench.operation(f"odd{i}"):
                yield i

    @bench.operation("even")
    def even() -> Iterator[int]:
        for i in range(2):
            with bench.operation(f"even{i}"):
                yield i

    with bench.operation("root"):
        assert list(zip(odd(), even(), strict=True)) == [(0, 0), (1, 1)]
    spans = bench.spans()
    assert [bench.parent(spans, n) for n in ("odd0", "even0", "odd1", "even1")] == ["odd", "even"] * 2
    assert bench.parent(spans, "odd") == bench.parent(spans, "even") == "root"


def test_a_generator_that_ends_elsewhere_leaves_that_places_operation_current(bench: Bench) -> None:
    @bench.operation("produce")
    def produce() -> Iterator[int]:
        yield 1

    with bench.operation("first"):
        generator = produce()
        next(generator)
    with bench.operation("second"):
        assert list(generator) == []
        with bench.operation("child"):
            pass
    spans = bench.spans()
    assert bench.parent(spans, "child") == "second"


def test_an_async_generator_is_measured_until_exhausted_and_keeps_its_consumer_out(bench: Bench) -> None:
    @bench.operation("stream")
    async def stream() -> AsyncIterator[int]:
        for i in range(2):
            await asyncio.sleep(0)
            bench.clock.advance(0.1)
            yield i

    async def main() -> None:
        async with bench.operation("root"):
            async for i in stream():
                async with bench.operation(f"consume{i}"):
                    await asyncio.sleep(0)

    assert inspect.isasyncgenfunction(stream)
    asyncio.run(main())
    spans = bench.spans()
    assert [bench.parent(spans, n) for n in ("stream", "consume0", "consume1")] == ["root"] * 3
    assert bench.points()["operation.duration", "stream"].moments.total == pytest.approx(200.0)


def test_an_async_generator_passes_values_and_errors_through(bench: Bench) -> None:
    @bench.operation("echo")
    async def echo():  # type: ignore[no-untyped-def]
        try:
            sent = yield 1
        except ValueError:
            sent = "caught"
        yield sent

    async def main() -> list[object]:
        first, second = echo(), echo()
        return [
            await anext(first),
            await first.asend("sent"),
            await anext(second),
            await second.athrow(ValueError("x")),
            await first.aclose(),
            await second.aclose(),
        ]

    assert asyncio.run(main()) == [1, "sent", 1, "caught", None, None]


def test_an_abandoned_async_generator_is_recorded(bench: Bench) -> None:
    @bench.operation("stream")
    async def stream() -> AsyncIterator[int]:
        for i in range(10):
            yield i

    async def main() -> None:
        async for _ in stream():
            break
        gc.collect()
        await asyncio.sleep(0)

    asyncio.run(main())
    span = bench.spans()["stream"]
    assert (span.error, span.attributes["homeostat.abandoned"]) == ("", True)


def test_an_async_generator_closed_in_another_context_does_no_harm(bench: Bench) -> None:
    @bench.operation("stream")
    async def stream() -> AsyncIterator[int]:
        with bench.operation("inner"):
            yield 1

    async def main() -> None:
        generator = stream()
        async with bench.operation("root"):
            await asyncio.create_task(anext(generator))  # type: ignore[arg-type]
            await asyncio.create_task(generator.aclose())  # type: ignore[attr-defined]
            async with bench.operation("after"):
                pass

    asyncio.run(main())
    spans = bench.spans()
    assert bench.parent(spans, "after") == "root"
    assert bench.losses.totals() == {}


def test_a_block_within_a_plain_generator_never_makes_an_ended_operation_current(bench: Bench) -> None:
    def leaky() -> Iterator[int]:
        with bench.operation("leaked"):
            yield 1

    generator = leaky()
    with bench.operation("outer"):
        next(generator)
    generator.close()  # type: ignore[attr-defined]
    with bench.operation("next"):
        pass
    assert bench.spans()["next"].parent_id == b""


def test_what_is_no_function_cannot_be_decorated(bench: Bench) -> None:
    with pytest.raises(ConfigError, match="decorate the methods"):
        bench.operation("x")(type("Thing", (), {}))


def test_a_span_that_ends_after_its_root_is_kept_with_its_trace(bench: Bench) -> None:
    async def main() -> None:
        async def late() -> None:
            async with bench.operation("late"):
                await asyncio.sleep(0)
                await asyncio.sleep(0)

        async with bench.operation("root"):
            task = asyncio.create_task(late())
            await asyncio.sleep(0)
        await task

    asyncio.run(main())
    spans = bench.spans()
    assert bench.parent(spans, "late") == "root"
    assert spans["late"].trace_id == spans["root"].trace_id


def test_a_tree_holds_a_bounded_number_of_spans_and_goes_on_in_trees_of_their_own(bench: Bench) -> None:
    with bench.operation("root") as root:
        for i in range(SPANS_MAX + 1_000):
            with bench.operation("child") as child, child.stage("part"):
                if i == SPANS_MAX + 777:
                    child.fail("Boom")
        early = bench.tracer.drain()
    spans = (*early, *bench.tracer.drain())
    failed = [s for s in spans if s.error]
    assert [s.error for s in early if s.error] == ["Boom"]
    assert (failed[0].trace_id, failed[0].parent_id) == (root.trace_id, root.span_id)
    in_tree = [s for s in spans if s.name == "child" and "homeostat.kept" not in s.attributes]
    assert len(in_tree) == SPANS_MAX // 2
    assert {s.parent_id for s in spans if s.name == "child"} == {root.span_id}
    assert len({s.trace_id for s in spans}) == 1
    assert len(spans) < SPANS_MAX + 1 + 2 * 20
    assert bench.losses.totals() == {}
    assert bench.points()["operation.duration", "child"].moments.count == SPANS_MAX + 1_000


def test_spans_that_end_in_a_full_tree_are_dropped_and_counted(bench: Bench) -> None:
    with bench.operation("root"), bench.operation("open"):
        for _ in range(SPANS_MAX):
            with bench.operation("child"):
                pass
    assert len(bench.tracer.drain()) == SPANS_MAX + 1
    assert bench.losses.totals() == {"trace.tree_full": 1}


def test_names_beyond_the_bound_are_still_measured_together() -> None:
    bench = Bench(series_max=5)
    for i in range(20):
        with bench.operation(f"name{i}"):
            pass
    points = bench.registry.fold(0, 1)
    assert sum(p.moments.count for p in points) == 20
    assert len(points) == 6
    assert len(bench.tracer._sites) == 5
    assert "name16" in bench.spans()


Shape = list[Any]
"""A tree as nested lists: each operation is the list of its children."""

trees = st.recursive(st.just([]), lambda inner: st.lists(inner, max_size=4), max_leaves=25)


@given(trees, st.data())
def test_any_tree_of_calls_is_the_tree_of_spans(shape: Shape, data: st.DataObject) -> None:
    """Whatever mixture of blocks, functions, generators and tasks makes it."""
    bench = Bench()
    expected: dict[str, str] = {}

    async def run(node: Shape, name: str, parent: str) -> None:
        expected[name] = parent

        async def body() -> None:
            for i, child in enumerate(node):
                await run(child, f"{name}.{i}", name)

        kind = data.draw(st.sampled_from(("block", "coroutine", "generator", "task")))
        if kind == "block":
            with bench.operation(name):
                await body()
        elif kind == "coroutine":
            await bench.operation(name)(body)()
        elif kind == "task":
            async with bench.operation(name):
                await asyncio.create_task(body())
        else:

            @bench.operation(name)
            async def generate() -> AsyncIterator[None]:
                yield
                await body()
                yield

            async for _ in generate():
                pass

    asyncio.run(run(shape, "0", ""))
    spans = bench.spans()
    assert {name: bench.parent(spans, name) for name in spans} == expected


@eager_switching()
def test_many_threads_and_a_draining_one_lose_no_measurement_and_mix_no_traces(bench: Bench) -> None:
    done = threading.Event()
    drained: list[Span] = []

    def work(thread: int) -> None:
        for i in range(1_000):
            with bench.operation("root", thread=thread) as root, root.stage("part") as part:
                part.set(thread=thread)
                if i % 50 == 0:
                    part.fail("Boom")

    def drain() -> None:
        while not done.is_set():
            drained.extend(bench.tracer.drain())

    workers = [threading.Thread(target=work, args=(i,)) for i in range(4)]
    drainer = threading.Thread(target=drain)
    for thread in (*workers, drainer):
        thread.start()
    for thread in workers:
        thread.join()
    done.set()
    drainer.join()
    drained.extend(bench.tracer.drain())
    points = bench.points()
    assert points["operation.duration", "root"].moments.count == 4_000
    assert points["operation.duration", "root.part"].moments.count == 4_000
    assert points["operation.errors", "root.part!Boom"].moments.total == 80.0
    traces: dict[bytes, list[Span]] = {}
    for span in drained:
        traces.setdefault(span.trace_id, []).append(span)
    assert all(len(trace) == 2 for trace in traces.values())
    assert all(len({s.attributes["thread"] for s in trace}) == 1 for trace in traces.values())


@pytest.mark.parametrize("name", ["", None, 5])
def test_an_operation_needs_a_name(bench: Bench, name: object) -> None:
    with pytest.raises(ConfigError, match="operation's name"):
        bench.operation(name)  # type: ignore[arg-type]
