"""Dreams tried against none: real search, made-up people, recall as the objective, with its interval."""

from collections.abc import Callable, Iterator

import pytest

from homeostat import Homeostat
from homeostat.companion.canaries import ASKED, Canaries, canary
from homeostat.companion.companion import RECEIVE, Companion
from homeostat.companion.dream.integrate.integration import Integration
from homeostat.companion.dream.knobs import DREAMS
from homeostat.companion.residents import Residents
from homeostat.companion.search.search import Search
from homeostat.companion.store.people import People
from homeostat.core.order import Try
from homeostat.loop.governing.book import Book
from homeostat.loop.governing.governor import Governor
from homeostat.loop.policy.policy_file import policy_of
from homeostat.prove.ledger.entry import EntryKind, LedgerEntry
from homeostat.testing.bare_host import BareHost
from homeostat.testing.clock import ManualClock

POLICY = {
    "objective": {"operation": RECEIVE, "improve": "mean(recall)"},
    "bounds": {"recall": [0, 1]},
    "trials": {"deadline": "1 h"},
}
PEOPLE = 32
ROUNDS = 20
ENDS = (EntryKind.KEPT, EntryKind.ROLLED_BACK)

Tried = Callable[[], LedgerEntry]


@pytest.fixture
def tried(people: People) -> Iterator[Tried]:
    """Tries a companion without dreams while canaries ask, and returns how that ended."""
    clock = ManualClock()
    with Homeostat("companion", keep=False, collect=False, clock=clock) as hs:
        residents = Residents(1 << 28)
        companion = Companion(hs, people, Search(hs, None, residents), residents)
        canaries = Canaries(hs, companion, PEOPLE)
        canaries.plant()

        def run() -> LedgerEntry:
            governor = Governor(hs.knobs.plant, policy_of(dict(POLICY)), Book(), clock.now_ns())
            governor.order(Try(by="ann", values={DREAMS.name: False}))
            governor.tick(clock.now_ns())
            for _ in range(ROUNDS):
                for _ in range(ASKED * PEOPLE):
                    canaries.ask()
                    clock.advance(0.2)
                governor.tick(clock.now_ns())
                ended = [entry for entry in governor.book.ledger.entries if entry.note.kind in ENDS]
                if ended:
                    return ended[0]
            raise AssertionError("the trial did not end")

        yield run


def dream(people: People) -> None:
    """Derive for each canary what a dream does."""
    integration = Integration(BareHost(), None)
    for number in range(PEOPLE):
        with people.open(canary(number).person) as memory:
            while not integration.integrate(memory).done:
                pass


def test_that_less_is_found_without_dreams_is_proven_by_a_trial(people: People, tried: Tried) -> None:
    dream(people)
    ended = tried()
    assert ended.note.kind is EntryKind.ROLLED_BACK
    assert "proven worse: mean of recall" in ended.note.reason
    assert ended.note.proof is not None
    (recall,) = ended.note.proof.terms
    assert recall.estimate is not None
    assert recall.high is not None
    assert recall.estimate < recall.high < 0.0


def test_where_nobody_has_dreamed_a_trial_proves_no_difference(tried: Tried) -> None:
    ended = tried()
    assert ended.note.kind is EntryKind.ROLLED_BACK
    assert ended.note.proof is not None
    (recall,) = ended.note.proof.terms
    assert recall.low is not None
    assert recall.high is not None
    assert recall.low < 0.0 < recall.high
