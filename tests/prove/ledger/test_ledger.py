"""Claims about the ledger: append-only and chained, what is good, what can be undone, and how it is kept."""

import math

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from homeostat.core.batch import Batch
from homeostat.core.change import Change, Move
from homeostat.core.errors import InputError, StoreCorrupt
from homeostat.core.interval import Interval
from homeostat.core.objective import Measure, Objective, Term
from homeostat.core.proof import Decision, Effect, GuardrailCheck, Proof
from homeostat.core.query import RecordsQuery
from homeostat.core.verdict import State
from homeostat.prove.ledger import notes
from homeostat.prove.ledger.entry import EntryKind, LedgerEntry, entry_after
from homeostat.prove.ledger.ledger import Ledger
from homeostat.prove.ledger.records import entry_of, ledger_of, read_ledger, record_of
from homeostat.prove.ledger.story import story
from homeostat.prove.trials.trial import TrialPlan

S = 1_000_000_000
DEFAULTS = {"batch": 8, "cache": True, "rate": 0.5}


def change(knob="batch", before=8, after=16, **more):
    return Change((Move(knob, before, after),), "ladder", "p95 is too high", **more)


def proof(decision=Decision.KEEP, high=-0.1):
    effect = Effect("p95 of duration", 100.0, 80.0, -0.2, Interval(-math.inf, high, 0.95))
    check = GuardrailCheck("q", State.WITHIN, Effect("mean of quality", 0.8, None, None, None, False))
    return Proof(decision, "proven better", effect, (effect,), (check,), 100, 120, 0, 90 * S, "requests")


def planned():
    return TrialPlan("t", change(), Objective((Term(Measure("duration")),)), (), 0, 1)


def kept(before=8, after=16, knob="batch"):
    return notes.decided("t", change(knob, before, after), proof())


def ledger(*all_notes):
    made = Ledger()
    for number, note in enumerate(all_notes):
        made = made.appended(note, number * S)
    return made


VALUES = (
    st.booleans()
    | st.integers(-(2**53), 2**53)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text()
)
KINDS = st.sampled_from(EntryKind)


@st.composite
def any_note(draw):
    move = Move(draw(st.sampled_from(["batch", "cache", "rate"])), draw(VALUES), draw(VALUES))
    made = Change((move,), draw(st.text()), draw(st.text()), labels={"strategy": draw(st.text())})
    return notes.put(draw(KINDS), made, proof() if draw(st.booleans()) else None)


@given(st.lists(any_note(), max_size=6))
def test_a_ledger_comes_back_from_its_records_unbroken_and_the_same(all_notes):
    made = ledger(*all_notes)
    back = ledger_of(reversed([record_of(entry) for entry in made.entries]))
    assert back == made
    assert [str(e.note.moves) for e in back.entries] == [str(e.note.moves) for e in made.entries]
    assert back.broken() is None


@given(st.lists(any_note(), min_size=2, max_size=6), st.data())
def test_whatever_is_altered_is_named(all_notes, data):
    entries = list(ledger(*all_notes).entries)
    at = data.draw(st.integers(0, len(entries) - 1))
    note = msgspec.structs.replace(entries[at].note, reason=entries[at].note.reason + "!")
    entries[at] = msgspec.structs.replace(entries[at], note=note)
    assert Ledger(tuple(entries)).broken().startswith(f"entry {at + 1} was altered")


def test_an_entry_that_was_hashed_anew_breaks_the_next_one():
    entries = list(ledger(kept(), kept(16, 32), kept(32, 64)).entries)
    note = msgspec.structs.replace(entries[1].note, by="somebody else")
    forged = msgspec.structs.replace(entries[1], note=note)
    entries[1] = msgspec.structs.replace(forged, hash=forged.hash_due)
    assert Ledger(tuple(entries)).broken().startswith("entry 3 does not follow the one before")


def test_a_missing_entry_is_named():
    entries = ledger(kept(), kept(16, 32), kept(32, 64)).entries
    assert Ledger((entries[0], entries[2])).broken().startswith("entry 2 is missing")
    assert Ledger(entries[1:]).broken().startswith("entry 1 is missing")


def test_two_writers_at_once_are_told():
    base = ledger(kept())
    one, other = base.appended(kept(16, 32), 5), base.appended(kept(16, 4), 6)
    found = ledger_of(record_of(e) for e in (*one.entries, *other.entries))
    assert found.broken().startswith("entry 2 is there twice: two processes write this ledger at once")


def test_the_last_good_configuration_is_what_was_kept_or_set_since():
    made = ledger(
        notes.begun(planned()),
        kept(),
        notes.decided("u", change("cache", True, False), proof(Decision.ROLL_BACK)),
        notes.put(EntryKind.PINNED, change("rate", 0.5, 0.7)),
        kept(1, 2, knob="gone"),
    )
    assert made.good(DEFAULTS) == {"batch": 16, "cache": True, "rate": 0.7}
    assert Ledger().good(DEFAULTS) == DEFAULTS


def test_undoing_is_the_inverse_change():
    made = ledger(kept())
    undo = made.undoing(1, "ann")
    assert undo.moves == (Move("batch", 16, 8),)
    assert undo.by == "ann"
    after = made.appended(notes.put(EntryKind.UNDONE, undo, about=1), 9)
    assert after.good(DEFAULTS) == DEFAULTS
    with pytest.raises(InputError, match="entry 2 \\(undone\\) has set batch to 8 since"):
        after.undoing(1, "ann")


def test_what_a_later_change_moved_again_cannot_be_undone_and_that_one_is_named():
    made = ledger(kept(), kept(16, 32))
    with pytest.raises(InputError, match="entry 1 cannot be undone: entry 2 \\(kept\\) has set batch to 32"):
        made.undoing(1, "ann")
    undone = made.appended(notes.put(EntryKind.UNDONE, made.undoing(2, "ann"), about=2), 9)
    assert undone.undoing(1, "ann").moves == (Move("batch", 16, 8),)


def test_what_changed_nothing_cannot_be_undone():
    made = ledger(notes.decided("t", change(), proof(Decision.ROLL_BACK)))
    with pytest.raises(InputError, match="entry 1 \\(rolled back\\) changed no knob"):
        made.undoing(1, "ann")
    with pytest.raises(InputError, match="there are 1 to 1"):
        made.undoing(7, "ann")
    with pytest.raises(InputError, match="it is empty"):
        Ledger().undoing(1, "ann")


def test_trials_that_were_interrupted_are_found_once():
    plan = planned()
    made = ledger(notes.begun(plan), kept(), notes.begun(plan))
    (interrupted,) = made.unfinished()
    assert interrupted.number == 3
    after = made.appended(notes.recovered(interrupted), 9)
    assert after.unfinished() == ()
    assert after.good(DEFAULTS)["batch"] == 16


def test_a_proof_comes_back_with_its_infinite_ends():
    (entry,) = ledger(kept()).entries
    back = entry_of(record_of(entry)).note
    assert back.proof.proof(back.reason) == proof()
    assert back.change == change()


def test_a_change_comes_back_with_its_labels_and_prediction():
    wanted = change(evidence=("a", "b"), predicted=Interval(-0.3, -0.1, 0.8), labels={"strategy": "halve"})
    assert notes.proposed(wanted).change == wanted


def test_a_record_that_cannot_be_read_is_named():
    record = msgspec.structs.replace(record_of(ledger(kept()).entries[0]), body=b"{}")
    with pytest.raises(StoreCorrupt, match="entry 000000000001-"):
        entry_of(record)


class Shelf:
    """A reader of records like a store's: newest first, at most so many."""

    def __init__(self, records):
        self.records = sorted(records, key=lambda r: (r.time_ns, r.key), reverse=True)
        self.reads = 0

    def read(self, query: RecordsQuery):
        self.reads += 1
        return tuple(r for r in self.records if query.start_ns <= r.time_ns < query.end_ns)[: query.limit]


@pytest.mark.parametrize("step_ns", [0, 1, S])
def test_a_ledger_is_read_page_by_page_whatever_its_times(step_ns):
    entries: list[LedgerEntry] = []
    for number in range(2_500):
        entries.append(entry_after(entries[-1] if entries else None, kept(), number * step_ns))
    shelf = Shelf(record_of(entry) for entry in entries)
    assert read_ledger(shelf.read).entries == tuple(entries)
    assert shelf.reads <= 6


def test_records_of_the_ledger_never_expire_and_fit_a_batch():
    record = record_of(ledger(kept()).entries[0])
    assert (record.kind, record.expires_ns) == ("ledger", 0)
    assert Batch(records=(record,)).records == (record,)


@pytest.mark.parametrize(
    ("note", "words"),
    [
        (
            notes.proposed(change(evidence=("p95 2 s",))),
            "ladder recommends batch 8 → 16: p95 is too high (p95 2 s)",
        ),
        (
            notes.begun(planned()),
            "ladder tries batch 8 → 16 (t): p95 is too high",
        ),
        (kept(), "kept: batch 8 → 16 (t), proven better (120 requests with it, 100 without, 90 s, requests)"),
        (notes.resigned("t", change(), "the kill switch"), "rolled back: batch 8 → 16 (t), the kill switch"),
        (
            notes.put(EntryKind.UNDONE, change("batch", 16, 8), about=3),
            "undone by ladder: batch 16 → 8 (entry 3), p95 is too high",
        ),
        (notes.said(EntryKind.MODE, "ann", "observe from now on"), "mode by ann: observe from now on"),
    ],
)
def test_each_entry_is_a_sentence(note, words):
    (entry,) = ledger(note).entries
    assert story(entry) == f"#1 1970-01-01 00:00:00: {words}"


def test_a_limit_that_was_obeyed_is_told_and_in_force():
    less = Change((Move("workers", 8, 5),), "adaptation", "memory_mb may be 1000 at most")
    ledger = Ledger().appended(notes.put(EntryKind.OBEYED, less), 0)
    told = "obeyed by adaptation: workers 8 → 5, memory_mb may be 1000 at most"
    assert story(ledger.entries[0]).endswith(told)
    assert ledger.good({"workers": 8}) == {"workers": 5}
