"""A switch tried beside itself, through the whole loop: no user sees the other result before it is proven."""

import threading
from collections.abc import Iterator
from random import Random

import pytest

from homeostat import Homeostat
from homeostat.core.objective import Measure, Objective, Term
from homeostat.core.order import Mode, Try
from homeostat.loop.governing.book import Book
from homeostat.loop.governing.governor import Governor
from homeostat.loop.policy.policy import Policy, TrialRules
from homeostat.loop.rules.state import Limits
from homeostat.prove.ledger.entry import EntryKind
from homeostat.testing.eventually import until

POLICY = Policy(
    Objective((Term(Measure("tokens")),)),
    mode=Mode.OBSERVE,
    limits=Limits(),
    trials=TrialRules(share=0.9, deadline_ns=600_000_000_000),
)


@pytest.fixture
def hs() -> Iterator[Homeostat]:
    with Homeostat("app", keep=False, collect=False) as made:
        yield made


def test_a_shadow_is_kept_once_it_is_proven_and_seen_by_nobody_before(hs: Homeostat) -> None:
    draw = Random(1)

    def asking(tokens: int) -> None:
        with hs.llm("m") as call:
            call.usage(input_tokens=tokens + draw.randrange(tokens), output_tokens=0)

    def thorough(_: str) -> str:
        asking(400)
        return "thorough"

    def fast(_: str) -> str:
        asking(100)
        return "fast"

    rank = hs.switch("rank", thorough=thorough, fast=fast)
    governor = Governor(hs.knobs.plant, POLICY, Book(), hs.clock.now_ns())
    governor.order(Try(by="ann", values={"rank": "fast"}, shadow=True))
    governor.tick(hs.clock.now_ns())
    served: list[str] = []

    def kinds() -> set[EntryKind]:
        return {entry.note.kind for entry in governor.book.ledger.entries}

    def decided() -> bool:
        for _ in range(15):
            with hs.operation("answer"):
                served.append(rank("a question"))
            for thread in threading.enumerate():
                if thread.name == "homeostat-shadow":
                    thread.join()
        governor.tick(hs.clock.now_ns())
        return bool(kinds() & {EntryKind.KEPT, EntryKind.ROLLED_BACK})

    until(decided)
    assert EntryKind.KEPT in kinds(), governor.book.ledger.entries[-1].note.reason
    assert set(served) == {"thorough"}, "the shadow's result was used"
    assert governor.seen.state.configuration == {"rank": "fast"}
    proof = governor.book.history(10)[-1].proof
    assert proof.design == "both run on each request, side by side"


def test_a_shadow_is_of_one_switch(hs: Homeostat) -> None:
    hs.switch("rank", thorough=str.upper, fast=str.lower)
    hs.knob("depth", 3, low=1, high=9, scope="request")
    governor = Governor(hs.knobs.plant, POLICY, Book(), hs.clock.now_ns())
    governor.order(Try(by="ann", values={"rank": "fast", "depth": 4}, shadow=True))
    governor.tick(hs.clock.now_ns())
    assert "name one knob" in governor.book.ledger.entries[-1].note.reason
