"""The demo's summary: what it makes of the server's readings."""

import io

import msgspec
import pytest
from rich.console import Console

from homeostat.app.demo.loop_outcome import LoopOutcome
from homeostat.app.demo.readings import Frame, OperationRow, OverviewRow, Readings, SpendRow
from homeostat.app.demo.summary import (
    COLLECTING,
    FOLDING,
    Breach,
    Loss,
    Overhead,
    Summary,
    breaches_of,
    over_limit,
    overhead_of,
    stages_of,
)
from homeostat.app.demo.summary_view import summary_view, when
from homeostat.prove.load.replay_result import ReplayTally


def frame(values: list[float | None], begin_s: int = 0) -> Frame:
    n = len(values)
    starts = [(begin_s + i) * 10**9 for i in range(n)]
    return Frame({}, starts, [1] * n, values, values, values, values, values, values, values, values)


def test_times_beyond_a_limit_that_lie_near_are_one() -> None:
    values: list[float | None] = [1, 9, 9, None, 9, 1, 1, 1, 1, 1, 1, 1, 9, 1]
    assert over_limit([frame(values)], "p95", 5.0, True, 0) == ((1.0, 5.0), (12.0, 13.0))


def test_what_should_be_high_is_beyond_its_limit_below() -> None:
    assert over_limit([frame([9, 9, 1])], "last", 5.0, False, 0) == ((2.0, 3.0),)


def test_any_of_several_series_beyond_the_limit_counts() -> None:
    assert over_limit([frame([9, 1]), frame([1, 9])], "p95", 5.0, True, 0) == ((0.0, 2.0),)


def test_stages_follow_their_operation_with_their_share_of_its_time() -> None:
    rows = [
        OperationRow("related", 10, 0, 10.0, 20.0),
        OperationRow("answer.model", 8, 0, 100.0, 0.0),
        OperationRow("answer", 10, 0, 100.0, 0.0),
        OperationRow("answer.retrieve", 10, 0, 20.0, 0.0),
    ]
    found = [(s.operation, s.share) for s in stages_of(rows)]
    assert found == [("answer", 1.0), ("answer.model", 0.8), ("answer.retrieve", 0.2)]


def test_the_summary_says_what_broke_what_it_cost_and_what_is_unpriced() -> None:
    summary = Summary(
        page="http://127.0.0.1:1",
        sentence="1 of 3 limits is broken.",
        requests=ReplayTally(sent=3, completed=3).result(1.0, 2.0),
        loop=LoopOutcome((), (), (), 0, 0, 0, None, None),
        series=7,
        operations=3,
        model_calls=3,
        total_tokens=30,
        cached_tokens=5,
        limits=3,
        limits_broken=1,
        limits_unknown=0,
        breaches=(Breach("operation.duration", "answer", "p95", "7 s", "below 2 s", 3, ((4.0, 9.0),)),),
        stages=stages_of([OperationRow("a", 1, 0, 4.0, 4.0), OperationRow("a.b", 1, 0, 1.0, 1.0)]),
        spend=(SpendRow("simulated-small", "chat", 3, 20, 5, 10, None, "unpriced"),),
        cost_words="unpriced",
        losses=(Loss("assistant", "record.not_finite", 2),),
        overhead=Overhead(0.001, None, 0.2, 1.0, 1 << 20),
    )
    console = Console(file=io.StringIO(), width=140)
    console.print(summary_view(summary))
    text = console.file.getvalue()  # type: ignore[attr-defined]
    for expected in (
        "p95 7 s",
        "below 2 s",
        "4 to 9 s",
        "25.0%",
        "unpriced",
        "2 record.not_finite (assistant)",
    ):
        assert expected in text
    assert "$0" not in text
    assert msgspec.json.decode(msgspec.json.encode(summary))["limits_broken"] == 1


def test_many_times_beyond_a_limit_are_shortened() -> None:
    spans = tuple((float(i), i + 1.0) for i in range(0, 100, 20))
    assert when(Breach("s", "", "p95", "", "", 1, spans)) == "0 to 1 s, 20 to 21 s, and 3 times more"


class Fixed(Readings):
    """Readings without a server."""

    def __init__(self) -> None: ...

    def frames(self, metric: str, attributes: object = ()) -> list[Frame]:
        return {FOLDING: [frame([1.0, 200.0, 1.0])], COLLECTING: [frame([2.0, 2.0]), frame([3.0, 3.0])]}.get(
            metric, []
        )


def test_what_is_done_once_does_not_blur_what_each_second_costs() -> None:
    found = overhead_of(Fixed(), "assistant", 1.5, 7)
    assert (found.folding_share, found.collecting_share) == pytest.approx((0.001, 0.005))
    assert found.assistant_s == pytest.approx(0.202 + 0.010)


def test_broken_limits_are_told_in_the_order_of_the_overview_and_no_others() -> None:
    def row(metric: str, operation: str, state: str = "violated") -> OverviewRow:
        attributes = [("operation", operation), ("service", "s")]
        return OverviewRow("", metric, attributes, "p95", 9.0, "9 s", 2.0, "below 2 s", state, 5)

    rows = [
        row("operation.duration", "answer"),
        row("llm.duration", "chat", state="within"),
        row("operation.errors", "answer"),
        row("system.cpu.pressure", ""),
    ]
    found = [(b.metric, b.of) for b in breaches_of(Fixed(), rows, 0)]
    assert found == [
        ("operation.duration", "answer"),
        ("operation.errors", "answer"),
        ("system.cpu.pressure", ""),
    ]
