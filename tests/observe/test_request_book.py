"""Claims about requests: which arms they get, and that what they came to is told once and truly."""

import asyncio
import contextvars
import math
import threading

import numpy as np
import pytest

from homeostat.core.application import Application
from homeostat.core.assignment import assign
from homeostat.core.clock import HOUR_NS, SECOND_NS
from homeostat.core.knob import Value
from homeostat.core.losses import Losses
from homeostat.core.plant import CONTROL, NO_ARM, TREATMENT, Outcomes, Split
from homeostat.core.span import LlmCall
from homeostat.observe import request as request_module
from homeostat.observe import request_book
from homeostat.observe.outcome_rows import OutcomeColumns
from homeostat.observe.registry import Registry
from homeostat.observe.tracer import Tracer
from homeostat.testing.clock import ManualClock
from homeostat.testing.threads import eager_switching


def price(call: LlmCall, at_ns: int) -> float | None:
    """A cent a token of the output; nobody knows the price of `new`."""
    return None if call.model == "new" else 0.01 * (call.output_tokens or 0)


class Bench:
    """A tracer whose requests are governed, with one request knob `depth` at 3."""

    def __init__(self, governed: bool = True) -> None:
        self.clock = ManualClock()
        self.losses = Losses()
        self.registry = Registry(self.losses)
        self.tracer = Tracer(self.registry, self.losses, self.clock, Application("svc"), price=price)
        self.requests = self.tracer.requests
        self.operation, self.request = self.tracer.operation, self.tracer.request
        self.columns = OutcomeColumns(self.tracer.priced)
        self.base: Value = 3
        if governed:
            self.requests.govern()
        self.lead()

    def lead(self, *splits: Split) -> None:
        """Divide requests; treatments of `depth` count, the last one before the others."""

        def values_of(treated: frozenset[str]) -> list[Value]:
            values = [s.treatment["depth"] for s in splits if s.trial in treated and "depth" in s.treatment]
            return [self.base, *values][-1:]

        self.requests.lead(splits, values_of)

    def depth(self) -> Value:
        """What a request knob reads."""
        return self.requests.arms.get().values[0]

    def outcomes(self) -> dict[str, Outcomes]:
        rows, dropped, trials = self.requests.take()
        epoch_ns = self.clock.now_ns() - self.tracer.now()
        return {o.operation: o for o in self.columns.of(rows, epoch_ns, trials, dropped)}


@pytest.fixture
def bench() -> Bench:
    return Bench()


def test_a_request_is_one_row_with_its_end_and_duration(bench: Bench) -> None:
    for seconds in (0.5, 0.25):
        with bench.operation("answer"), bench.operation("retrieve"):
            bench.clock.advance(seconds)
    found = bench.outcomes()
    assert list(found) == ["", "answer"]
    for outcomes in found.values():
        assert outcomes.values["duration"].tolist() == [500.0, 250.0]
        assert outcomes.values["errors"].tolist() == [0.0, 0.0]
        assert outcomes.ended_ns.tolist() == [bench.clock.now_ns() - SECOND_NS // 4, bench.clock.now_ns()]
        assert outcomes.arms == {}
    assert bench.outcomes() == {}


def test_nothing_is_kept_before_somebody_governs() -> None:
    bench = Bench(governed=False)
    with bench.operation("answer") as operation:
        operation.outcome(quality=0.5)
        assert bench.depth() == 3
    bench.requests.govern()
    assert bench.outcomes() == {}
    points = {p.series.metric for p in bench.registry.fold(0, 1)}
    assert "outcome.quality" in points


def test_only_what_the_request_itself_raised_or_failed_of_is_its_error(bench: Bench) -> None:
    with bench.operation("answer"):
        try:
            with bench.operation("retrieve"):
                raise TimeoutError
        except TimeoutError:
            pass
    with pytest.raises(ValueError, match="no"), bench.operation("answer"):
        raise ValueError("no")
    with bench.operation("answer") as operation:
        operation.fail("empty")
    assert bench.outcomes()["answer"].values["errors"].tolist() == [0.0, 1.0, 1.0]


def called(bench: Bench, model: str = "m", output: int | None = 10, fails: bool = False) -> None:
    try:
        with bench.tracer.llm(model) as call:
            if output is not None:
                call.usage(input_tokens=100, output_tokens=output)
            if fails:
                raise TimeoutError
    except TimeoutError:
        pass


def test_cost_and_tokens_are_those_of_all_calls_within_the_request(bench: Bench) -> None:
    with bench.operation("answer"):
        called(bench)
        with bench.operation("rank"):
            called(bench, output=20)
        called(bench, output=None, fails=True)
    called(bench, output=5)
    found = bench.outcomes()
    assert found["answer"].values["cost"].tolist() == [pytest.approx(0.3)]
    assert found["answer"].values["tokens"].tolist() == [230.0]
    assert found["chat"].values["tokens"].tolist() == [105.0]


def test_a_cost_of_which_a_part_is_not_known_is_not_known(bench: Bench) -> None:
    with bench.operation("answer"):
        called(bench)
        called(bench, model="new")
    with bench.operation("answer"):
        called(bench)
        called(bench, output=None)
    values = bench.outcomes()["answer"].values
    assert np.isnan(values["cost"]).tolist() == [True, False]
    assert values["tokens"][0] == 220.0
    assert math.isnan(values["tokens"][1])


def test_the_cost_of_a_request_with_too_many_calls_is_not_known(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(request_module, "CALLS_MAX", 2)
    for calls in (2, 3):
        with bench.operation("answer"):
            for _ in range(calls):
                called(bench)
    assert np.isnan(bench.outcomes()["answer"].values["cost"]).tolist() == [False, True]


def test_a_request_without_calls_cost_nothing_once_calls_are_known_to_be_seen(bench: Bench) -> None:
    for calls in (0, 1, 0):
        with bench.operation("answer"):
            for _ in range(calls):
                called(bench)
    assert np.isnan(bench.outcomes()["answer"].values["cost"]).tolist() == [True, False, False]
    with bench.operation("answer"):
        pass
    with bench.operation("ping"):
        pass
    found = bench.outcomes()
    assert found["answer"].values["tokens"].tolist() == [0.0]
    assert math.isnan(found["ping"].values["tokens"][0])


def test_what_the_application_reports_is_a_column_and_goes_before_what_is_measured(bench: Bench) -> None:
    with bench.operation("answer") as operation:
        operation.outcome(quality=0.5, cost=2)
        with bench.operation("rank") as inner:
            inner.outcome(quality=np.float32(0.25), right=True)
    with bench.operation("answer"):
        pass
    values = bench.outcomes()["answer"].values
    assert values["quality"][0] == 0.25
    assert values["right"][0] == 1.0
    assert values["cost"][0] == 2.0
    assert math.isnan(values["quality"][1])


@pytest.mark.parametrize("value", ["good", None, float("nan"), float("inf")])
def test_what_is_no_number_is_dropped_and_counted(bench: Bench, value: object) -> None:
    with bench.operation("answer") as operation:
        operation.outcome(quality=value)  # type: ignore[arg-type]
    assert "quality" not in bench.outcomes()["answer"].values
    assert bench.losses.totals() == {"outcome.not_a_number": 1}


def test_the_number_of_measures_is_bounded(bench: Bench) -> None:
    with bench.operation("answer") as operation:
        for number in range(request_book.MEASURES_MAX + 3):
            operation.outcome(**{f"m{number}": 1.0})
    assert len(bench.outcomes()["answer"].values) == 4 + request_book.MEASURES_MAX
    assert bench.losses.totals() == {"outcome.measures_over_limit": 3}


def test_users_keep_their_arm_and_others_are_divided_by_request(bench: Bench) -> None:
    bench.lead(Split("t", {"depth": 7}))
    for _ in range(20):
        for user in ("ann", "bob", "eve", "joe"):
            with bench.request("answer", user=user):
                assert bench.depth() == (7 if assign("t", user, 0.5) else 3)
    arms = [TREATMENT if assign("t", u, 0.5) else CONTROL for u in ("ann", "bob", "eve", "joe")]
    assert bench.outcomes()["answer"].arms["t"].tolist() == arms * 20
    bench.lead(Split("t", {"depth": 7}, sticky=False))
    for _ in range(400):
        with bench.request("answer", user="ann"):
            pass
    assert 130 < bench.outcomes()["answer"].arms["t"].sum() < 270


def test_requests_of_one_user_are_one_unit_and_others_one_each(bench: Bench) -> None:
    with bench.operation("answer"):
        pass
    assert bench.outcomes()["answer"].units is None
    ids = []
    for user in ("ann", None, "bob", "ann", None):
        with bench.request("answer", user=user) as request:
            ids.append(request.request_id)
    for request_id in ids:
        bench.requests.feedback(request_id, {"rating": 1})
    units = bench.outcomes()["answer"].units
    assert units is not None
    first, rated = units[:5].tolist(), units[5:].tolist()
    assert first[0] == first[3] == rated[0] == rated[3]
    assert first[2] == rated[2]
    assert len({*first, *rated}) == 6


def test_a_user_is_not_found_in_what_is_kept(bench: Bench) -> None:
    bench.lead(Split("t", {"depth": 7}))
    with bench.request("answer", user="ann@example.com", source="web") as request:
        request.fail("so that it is kept")
        assert "ann@example.com" not in request.request_id
    (span,) = bench.tracer.drain()
    assert "example" not in repr(span)
    assert span.attributes["source"] == "web"
    assert "example" not in repr(bench.requests.take())


def test_all_of_a_request_reads_one_value_in_tasks_and_copied_contexts_and_threads(bench: Bench) -> None:
    bench.lead(Split("t", {"depth": 7}))

    async def request(user: str) -> set[Value]:
        async def part() -> Value:
            await asyncio.sleep(0)
            with bench.operation("part"):
                await asyncio.sleep(0)
                return bench.depth()

        async with bench.request("answer", user=user):
            return set(await asyncio.gather(part(), part()))

    async def all_of_them() -> list[set[Value]]:
        return await asyncio.gather(*(request(user) for user in "abcdefgh"))

    for user, read in zip("abcdefgh", asyncio.run(all_of_them()), strict=True):
        assert read == {7 if assign("t", user, 0.5) else 3}
    treated = next(user for user in "abcdefgh" if assign("t", user, 0.5))
    seen: list[Value] = []
    with bench.request("answer", user=treated):
        context = contextvars.copy_context()
        for run in (
            lambda: seen.append(bench.depth()),
            lambda: context.run(lambda: seen.append(bench.depth())),
        ):
            thread = threading.Thread(target=run)
            thread.start()
            thread.join()
    assert seen == [3, 7]


def test_within_a_generator_its_requests_values_hold_and_outside_of_it_the_ones_there(bench: Bench) -> None:
    treated = next(user for user in "abcdefgh" if assign("t", user, 0.5))
    bench.lead(Split("t", {"depth": 7}))

    @bench.request("answer", user=treated)
    def steps() -> object:
        for _ in range(3):
            yield bench.depth()

    read = [(inside, bench.depth()) for inside in steps()]  # type: ignore[attr-defined]
    assert read == [(7, 3)] * 3


def test_a_request_within_an_operation_is_one_of_its_own_and_that_is_none(bench: Bench) -> None:
    bench.lead(Split("t", {"depth": 7}))
    with bench.operation("serve"):
        for user in ("ann", "bob"):
            with bench.request("answer", user=user), bench.operation("rank"):
                bench.clock.advance(1)
                assert bench.depth() == (7 if assign("t", user, 0.5) else 3)
    found = bench.outcomes()
    assert set(found) == {"", "answer"}
    assert found["answer"].values["duration"].tolist() == [1000.0, 1000.0]


def test_independent_trials_run_on_the_same_requests_those_of_one_knob_divide_them(bench: Bench) -> None:
    splits = (
        Split("a", {"depth": 7}),
        Split("b", {"depth": 9}, share=0.2),
        Split("c", {"model": "large"}),
    )
    bench.lead(*splits)
    for _ in range(2_000):
        with bench.operation("answer"):
            depth = bench.depth()
            request = bench.tracer.current.get().request  # type: ignore[union-attr]
            arms = request.arms.by_trial
            assert depth == (7 if arms["a"] == TREATMENT else 9 if arms["b"] == TREATMENT else 3)
    arms = bench.outcomes()["answer"].arms
    assert set(arms["c"].tolist()) == {CONTROL, TREATMENT}
    assert ((arms["a"] == NO_ARM) ^ (arms["b"] == NO_ARM)).all()
    assert abs((arms["a"] == NO_ARM).mean() - 0.5) < 0.05
    assert abs(arms["a"][arms["a"] != NO_ARM].mean() - 0.5) < 0.06
    assert abs(arms["b"][arms["b"] != NO_ARM].mean() - 0.2) < 0.06
    assert abs(np.corrcoef(arms["c"], arms["a"])[0, 1]) < 0.1


def test_a_change_holds_at_once_for_requests_under_way(bench: Bench) -> None:
    treated = next(user for user in "abcdefgh" if assign("t", user, 0.5))
    split = Split("t", {"depth": 7})
    bench.lead(split)
    with bench.request("answer", user=treated):
        assert bench.depth() == 7
        bench.base = 4
        bench.lead(split, Split("u", {"model": "large"}))
        assert bench.depth() == 7
        bench.lead()
        assert bench.depth() == 4
        bench.base = 5
        bench.lead()
        assert bench.depth() == 5
    with bench.operation("answer"):
        assert bench.depth() == 5


def test_what_is_said_later_counts_for_the_arm_the_request_had(bench: Bench) -> None:
    bench.lead(Split("t", {"depth": 7}))
    ids = {}
    for user in "abcdef":
        with bench.request("answer", user=user) as request, bench.operation("rank") as inner:
            ids[user] = inner.request_id
            assert request.request_id == ids[user]
    bench.outcomes()
    bench.lead()
    for user, request_id in ids.items():
        bench.clock.advance(60)
        assert bench.requests.feedback(request_id, {"rating": ord(user)})
    found = bench.outcomes()["answer"]
    assert found.arms["t"].tolist() == [assign("t", user, 0.5) for user in "abcdef"]
    assert found.values["rating"].tolist() == [ord(user) for user in "abcdef"]
    assert np.isnan(found.values["duration"]).all()
    assert np.isnan(found.values["cost"]).all()


def test_the_id_of_a_request_is_that_of_its_trace_and_first_span(bench: Bench) -> None:
    with bench.operation("answer") as operation:
        pass
    request_id = operation.request_id
    with bench.operation("serve"), bench.request("answer") as inner:
        inner_id = inner.request_id
        inner.fail("so that it is kept")
    spans = {span.name: span for span in bench.tracer.drain()}
    assert inner_id == f"{spans['answer'].trace_id.hex()}-{spans['answer'].span_id.hex()}"
    assert request_id != inner_id
    assert bench.requests.feedback(request_id, {"rating": 1})


def test_what_is_said_of_an_unknown_or_forgotten_request_is_counted(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert not bench.requests.feedback("0" * 49, {"rating": 1})
    monkeypatch.setattr(request_book, "REMEMBERED_MAX", 2)
    ids = []
    for _ in range(3):
        with bench.operation("answer") as operation:
            ids.append(operation.request_id)
    assert [bench.requests.feedback(i, {"rating": 1}) for i in ids] == [False, True, True]
    bench.clock.advance(25 * HOUR_NS / SECOND_NS)
    assert not bench.requests.feedback(ids[2], {"rating": 1})
    assert bench.losses.totals() == {"feedback.unknown_request": 3, "feedback.forgotten": 1}


def test_when_nobody_looks_the_oldest_rows_make_room_and_are_counted(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(request_book, "ROWS_MAX", 3)
    for number in range(5):
        with bench.operation("answer" if number < 4 else "ask") as operation:
            operation.outcome(number=number)
    found = bench.outcomes()
    assert found["answer"].values["number"].tolist() == [2.0, 3.0]
    assert {name: o.dropped for name, o in found.items()} == {"": 2, "answer": 2, "ask": 0}
    assert bench.losses.totals() == {"outcome.buffer_full": 2}


def test_a_call_that_ends_after_its_request_is_counted_as_lost(bench: Bench) -> None:
    with bench.operation("answer"):
        late = bench.tracer.llm("m")
        late.__enter__()
    late.__exit__(None, None, None)
    assert bench.losses.totals() == {"outcome.call_after_the_end": 1}
    with bench.operation("answer") as operation:
        pass
    operation.outcome(quality=1.0)
    assert bench.losses.totals()["outcome.after_the_end"] == 1


def test_in_a_forked_child_the_values_stay_and_trials_end(bench: Bench) -> None:
    bench.base = 5
    bench.lead(Split("t", {"depth": 7}))
    with bench.operation("answer"):
        pass
    bench.tracer.forget_kept()
    for _ in range(20):
        with bench.operation("answer"):
            assert bench.depth() == 5
    assert bench.outcomes() == {}


def test_no_row_is_lost_or_doubled_while_threads_work_and_trials_come_and_go(bench: Bench) -> None:
    n, wrong = 1_500, []

    def work() -> None:
        for _ in range(n):
            with bench.operation("answer") as operation:
                if bench.depth() not in (3, 7, 9):
                    wrong.append(bench.depth())
                operation.outcome(seen=1.0)

    taken = 0.0
    with eager_switching():
        threads = [threading.Thread(target=work) for _ in range(4)]
        for thread in threads:
            thread.start()
        turn = 0
        while any(thread.is_alive() for thread in threads):
            turn += 1
            bench.lead(*(Split(f"t{turn}-{i}", {"depth": 7 + 2 * i}) for i in range(turn % 3)))
            taken += sum(o.values["seen"].sum() for name, o in bench.outcomes().items() if name)
        for thread in threads:
            thread.join()
    taken += sum(o.values["seen"].sum() for name, o in bench.outcomes().items() if name)
    assert wrong == []
    assert taken == 4 * n
