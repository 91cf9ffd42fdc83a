"""What the demo tells of its loop."""

import asyncio
import io
from collections.abc import Sequence

import httpx2
import msgspec
import pytest
from rich.console import Console

from homeostat.app.demo.fault import fault_for
from homeostat.app.demo.loop_outcome import outcome_of
from homeostat.app.demo.loop_outcome_view import sentences
from homeostat.app.demo.loop_watch import Loop, LoopKnob, LoopWatch, Told
from homeostat.app.demo.readings import Frame, Readings
from homeostat.app.demo.stretch import Stretch, spans_of, stretches_of
from homeostat.app.demo.told_view import told_view

FAULT = Told(25.0, "fault", "a simulated fault")
STORY = (
    Told(6.0, "target", "within", "within"),
    FAULT,
    Told(40.0, "target", "violated", "violated"),
    Told(41.0, "begun", "tries passages 10 → 4", number=1),
    Told(41.0, "begun", "tries answer_tokens 512 → 247", number=2),
    Told(60.0, "rolled back", "rolled back", number=3),
    Told(80.0, "kept", "kept", number=4),
    Told(90.0, "kept", "kept", number=5),
    Told(95.0, "target", "within", "within"),
)
LOOP = Loop([], [LoopKnob("passages", 4, 10), LoopKnob("answer_tokens", 512, 512)])


def test_the_stretches_lie_before_the_fault_with_it_and_after_the_last_change_that_was_kept() -> None:
    assert spans_of(STORY, 150.0) == (
        ("before", 0.0, 25.0),
        ("with the fault", 25.0, 80.0),
        ("after what was kept", 90.0, 150.0),
    )
    assert spans_of((FAULT,), 60.0) == (("before", 0.0, 25.0), ("with the fault", 25.0, 60.0))
    assert spans_of((), 60.0) == (("all of it", 0.0, 60.0),)


def test_what_was_kept_before_the_fault_is_no_answer_to_it() -> None:
    assert len(spans_of((Told(9.0, "kept", ""), FAULT), 60.0)) == 2


def test_the_outcome_counts_what_was_tried_kept_and_taken_back_and_says_how_long_it_took() -> None:
    found = outcome_of(STORY, LOOP, ())
    assert (found.tried, found.kept, found.taken_back) == (2, 2, 1)
    assert (found.noticed_s, found.back_s) == (15.0, 70.0)
    assert [knob.name for knob in found.knobs] == ["passages"]
    told = " ".join(sentences(found))
    assert "Noticed 15 s after the fault, back within the target 70 s after it." in told
    assert "passages 10 → 4" in told


@pytest.mark.parametrize(
    ("story", "words"),
    [
        (STORY[:6], "does not hold again yet"),
        ((FAULT,), "broke no target"),
        ((), "All knobs stand as at first"),
    ],
)
def test_what_did_not_come_to_pass_is_not_told(story: Sequence[Told], words: str) -> None:
    found = outcome_of(story, None, ())
    assert found.back_s is None
    assert words in " ".join(sentences(found))


def test_a_thing_is_told_with_its_time_and_its_number_in_the_ledger() -> None:
    console = Console(file=io.StringIO(), width=100)
    console.print(told_view(STORY[3]))
    assert "41 s tries passages 10 → 4 (ledger #1)" in console.file.getvalue()  # type: ignore[attr-defined]


def test_the_fault_of_a_short_demo_comes_early_enough() -> None:
    assert fault_for(150.0).begins_s == 25.0
    assert fault_for(8.0).begins_s == 2.0


class Fixed(Readings):
    """Readings without a server: three answers of 100 ms in each of the first four seconds."""

    def __init__(self) -> None: ...

    def frames(self, metric: str, attributes: object = ()) -> list[Frame]:
        value = {"operation.duration": 100.0, "outcome.quality": 0.5, "llm.tokens": 7.0}.get(metric)
        if value is None:
            return []
        starts = [i * 10**9 for i in range(4)]
        column: list[float | None] = [value] * 4
        return [Frame({}, starts, [3] * 4, *[column] * 8)]


def test_a_stretch_holds_what_ended_in_it() -> None:
    assert stretches_of(Fixed(), "assistant", (Told(2.0, "fault", ""),), 0, 3.0) == (
        Stretch("before", 0.0, 2.0, 6, 100.0, 0.5, 7.0, 0.0),
        Stretch("with the fault", 2.0, 3.0, 3, 100.0, 0.5, 7.0, 0.0),
    )


def _answer(request: httpx2.Request) -> httpx2.Response:
    if request.url.path == "/api/ledger":
        note = {"kind": "kept", "by": "climb", "reason": "r"}
        after = int(request.url.params.get("after", 0))
        entries = [{"number": n, "time_ns": n * 10**9, "words": "kept", "note": note} for n in (1, 2)]
        return httpx2.Response(200, json={"entries": [e for e in entries if e["number"] > after]})
    target = {"target": "mean(duration) < 1 s", "state": "violated", "unit": "ms", "n": 9, "since_ns": 3}
    target |= {"value": 1500.0, "low": 1400.0, "high": 1600.0}
    return httpx2.Response(200, json={"targets": [target], "knobs": []})


def test_what_is_new_is_told_once_and_a_failing_server_is_asked_again() -> None:
    told: list[Told] = []
    answers = iter([lambda _: httpx2.Response(500), *[_answer] * 6])
    transport = httpx2.MockTransport(lambda request: next(answers)(request))
    watch = LoopWatch("http://x", "assistant", 0, told.append, transport)

    async def look() -> None:
        for _ in range(3):
            await watch.look()

    asyncio.run(look())
    assert [(one.kind, one.number) for one in told] == [("target", None), ("kept", 1), ("kept", 2)]
    assert "1.5 s; 1.4 s to 1.6 s, n = 9" in told[0].words
    assert msgspec.json.encode(told)
