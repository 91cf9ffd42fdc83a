"""What the book tells of the past."""

from homeostat.core.change import Change, Move
from homeostat.core.interval import Interval
from homeostat.core.order import Mode
from homeostat.core.proof import Decision, Effect, Proof
from homeostat.loop.cycle import step
from homeostat.loop.governing.book import Book, note_of
from homeostat.loop.rules.acts import Put
from homeostat.loop.rules.state import Limits, LoopState, Running
from homeostat.loop.rules.view import View
from homeostat.prove.ledger.entry import EntryKind

WIDER = Change((Move("batch", 8, 16),), "climb", "it may help", labels={"strategy": "climb"})
WORSE = Effect("mean of duration", 100.0, 130.0, 0.3, Interval(0.1, 0.5, 0.95))
LOST = Proof(Decision.ROLL_BACK, "worse by now", WORSE, (WORSE,), (), 50, 950, 10, 20, "hold-back")


def test_a_change_that_was_taken_back_is_evidence_against_it() -> None:
    state = LoopState({"batch": 16}, {"batch": 8}, Mode.ACT, held=(Running("trial-1", WIDER),))
    _, (put,) = step(state, View(20, lost={"trial-1": LOST}), Limits())
    assert isinstance(put, Put)
    assert put.kind is EntryKind.REVERTED
    book = Book()
    book.write(note_of(put, None, "busy"), 20)
    (tried,) = book.history(10)
    assert tried.change.moves == WIDER.moves
    assert tried.change.by == "climb"
    assert tried.change.labels["strategy"] == "climb"
    assert tried.proof.decision is Decision.ROLL_BACK
    assert tried.proof.effect == WORSE
    assert tried.regime == "busy"
    assert book.good({"batch": 8}) == {"batch": 8}


def test_what_obeyed_a_limit_is_remembered_and_in_force_after_a_restart() -> None:
    less = Change((Move("batch", 8, 4),), "adaptation", "memory", labels={"cap": "memory"})
    _, (put,) = step(LoopState({"batch": 8}, {"batch": 8}, Mode.ACT), View(20, musts=(less,)), Limits())
    book = Book()
    book.write(note_of(put, None, ""), 20)
    assert book.good({"batch": 8}) == {"batch": 4}
    (tried,) = book.history(10)
    assert (tried.change.labels["cap"], tried.proof.decision) == ("memory", Decision.KEEP)
    assert tried.proof.effect.estimate is None
