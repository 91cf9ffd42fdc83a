"""The claim that an attached evaluator is a guardrail: what makes texts worse is rolled back by its score."""

import random

import pytest

from homeostat import Homeostat
from homeostat.core.metric import Better
from homeostat.core.order import Try
from homeostat.core.verdict import State
from homeostat.evaluate.evaluator import Score, Validation
from homeostat.evaluate.passage import Context, Segment
from homeostat.judge.targets.direction import direction_of
from homeostat.loop.governing.book import Book
from homeostat.loop.governing.governor import Governor
from homeostat.loop.policy.policy_file import policy_of
from homeostat.prove.ledger.entry import EntryKind, LedgerEntry
from homeostat.testing.clock import ManualClock

POLICY = {
    "objective": {"operation": "answer", "improve": "p50(duration)"},
    "guardrail": [{"measure": "mean(quality.finished.time)", "worse": "5%"}],
    "bounds": {"quality.finished.time": [0, 1]},
}


class Finished:
    """The share of sentences that end with a full stop."""

    name = "finished.time"
    validation = Validation("nothing", "none", 0.0, 0.0, "none", 0)

    def begin(self, context: Context) -> "FinishedSoFar":
        return FinishedSoFar()


class FinishedSoFar:
    """One passage."""

    def __init__(self) -> None:
        self._ends: list[bool] = []

    def add(self, segment: Segment) -> None:
        self._ends.append(segment.text.endswith("."))

    def score(self) -> Score | None:
        return (
            Score(evaluator="finished.time", value=sum(self._ends) / len(self._ends)) if self._ends else None
        )


def test_what_evaluators_find_is_better_higher_whatever_it_is_called() -> None:
    assert direction_of("quality.finished.time").better is Better.HIGHER
    assert direction_of("finished.time").better is Better.LOWER


@pytest.mark.parametrize(
    ("cut", "kind", "state"),
    [(0.0, EntryKind.KEPT, State.WITHIN), (0.5, EntryKind.ROLLED_BACK, State.VIOLATED)],
    ids=["as good", "cut short"],
)
def test_a_knob_that_makes_texts_worse_fails_by_an_attached_evaluator(
    cut: float, kind: EntryKind, state: State
) -> None:
    """At depth 7 answers take a fifth less time; a share `cut` of them then breaks off. Half are judged."""
    clock, draw = ManualClock(), random.Random(7)
    with Homeostat("svc", keep=False, collect=False, clock=clock) as hs:
        depth = hs.knob("depth", 3, low=1, high=9, scope="request")
        hs.evaluators.attach("answer", Finished(), rate=0.5)
        governor = Governor(hs.knobs.plant, policy_of(dict(POLICY)), Book(), clock.now_ns())

        def serve(requests: int) -> None:
            for _ in range(requests):
                with hs.request("answer"):
                    faster = depth.get() == 7
                    clock.advance(draw.lognormvariate(0.0, 0.3) * (0.8 if faster else 1.0))
                    breaks_off = faster and draw.random() < cut
                    hs.said("It is so. This is why" + ("" if breaks_off else "."))
            assert hs.evaluators.wait(60.0)
            governor.tick(clock.now_ns())

        serve(10)
        governor.order(Try(by="ann", values={"depth": 7}))
        ends: list[LedgerEntry] = []
        while not ends:
            serve(200)
            ends = [
                e
                for e in governor.book.ledger.entries
                if e.note.kind in (EntryKind.KEPT, EntryKind.ROLLED_BACK)
            ]
        ended = ends[0].note
        assert ended.kind is kind
        assert depth.get() == (7 if kind is EntryKind.KEPT else 3)
        assert ended.proof is not None
        (found,) = ended.proof.guardrails
        assert (found.words, found.state) == ("mean of quality.finished.time worse by at most 5%", state)
        judged, served = hs.snapshot("quality.finished.time"), hs.snapshot("operation.duration")
        assert 0.4 < judged.count / served.count < 0.6
