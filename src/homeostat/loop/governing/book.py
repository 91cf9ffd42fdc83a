"""The book: the ledger of one application, written through to where it is kept."""

from collections.abc import Callable

from homeostat.act.controller import Trialled
from homeostat.core.change import Change, Move
from homeostat.core.errors import InputError
from homeostat.core.knob import Configuration
from homeostat.core.order import Mode
from homeostat.loop.rules.acts import (
    Act,
    Advise,
    Begin,
    Conclude,
    Free,
    Put,
    Refuse,
    Resign,
    Soothe,
    Stand,
    Switch,
)
from homeostat.loop.rules.keeping import KEPT_BY
from homeostat.prove.ledger import notes
from homeostat.prove.ledger.entry import EntryKind, LedgerEntry, Note
from homeostat.prove.ledger.ledger import Ledger
from homeostat.prove.trials.trial import TrialPlan

REGIME = "regime"
"""Label of a proof's entry: the regime in which the trial ran."""

TRIALLED = frozenset({EntryKind.KEPT, EntryKind.ROLLED_BACK, EntryKind.REVERTED, EntryKind.OBEYED})


def _keep_nowhere(_: LedgerEntry) -> None:
    """For a loop whose ledger dies with it, as in a simulation."""


class Book:
    """A ledger whose entries are kept one by one, before anything is steered by them."""

    def __init__(
        self, ledger: Ledger | None = None, keep: Callable[[LedgerEntry], None] = _keep_nowhere
    ) -> None:
        """Go on with a ledger; raise InputError where it was tampered with."""
        self.ledger = ledger or Ledger()
        broken = self.ledger.broken()
        if broken is not None:
            raise InputError(f"the ledger cannot be trusted: {broken}")
        self._keep = keep

    def write(self, note: Note, now_ns: int) -> LedgerEntry:
        """Keep a note; what `keep` raises passes through, and nothing is written then."""
        ledger = self.ledger.appended(note, now_ns)
        entry = ledger.entries[-1]
        self._keep(entry)
        self.ledger = ledger
        return entry

    def recover(self, now_ns: int) -> tuple[LedgerEntry, ...]:
        """Note that the trials which an abrupt end had interrupted are rolled back; return these entries."""
        return tuple(self.write(notes.recovered(entry), now_ns) for entry in self.ledger.unfinished())

    def good(self, defaults: Configuration) -> Configuration:
        """Return the last configuration known to be good."""
        return self.ledger.good(defaults)

    def undoing(self, number: int, by: str) -> Change | str:
        """Return the change that takes an entry back, or why there is none."""
        try:
            return self.ledger.undoing(number, by)
        except InputError as error:
            return str(error)

    def pinned(self) -> Configuration:
        """Return the knobs that a person holds, with their values."""
        found = {}
        for entry in self.ledger.entries:
            match entry.note.kind:
                case EntryKind.PINNED:
                    found.update({moved.knob: moved.after for moved in entry.note.moves})
                case EntryKind.UNPINNED:
                    found.pop(entry.note.labels.get("knob", ""), None)
                case EntryKind.RESTORED:
                    found.clear()
        return found

    def mode(self, planned: Mode) -> Mode:
        """Return the mode that was ordered last, `planned` where the policy has said another one since."""
        ordered = [e.note.labels for e in self.ledger.entries if e.note.kind is EntryKind.MODE]
        if not ordered or ordered[-1].get("planned") != planned.value:
            return planned
        return Mode(ordered[-1]["mode"])

    def trials_begun(self) -> int:
        """Return how many trials were begun ever."""
        return sum(entry.note.kind is EntryKind.BEGUN for entry in self.ledger.entries)

    def history(self, limit: int) -> tuple[Trialled, ...]:
        """Return what the newest trials showed, the newest last."""
        found = []
        for entry in self.ledger.entries[-4 * limit :]:
            tried = trialled(entry.note)
            if tried is not None:
                found.append(tried)
        return tuple(found[-limit:])


def trialled(note: Note) -> Trialled | None:
    """Return the trial that a note tells the end of; None where it tells of something else.

    A change that was taken back since it was proven worse after it was kept counts as a trial of it that
    failed; one that obeyed a limit from outside as kept, with nothing known of its effect.
    """
    change = note.change
    if note.kind not in TRIALLED or note.proof is None or change is None:
        return None
    if note.kind is EntryKind.REVERTED:
        labels = dict(change.labels)
        by = labels.pop(KEPT_BY, change.by)
        moves = tuple(Move(m.knob, m.after, m.before) for m in change.moves)
        change = Change(moves, by, note.reason, labels=labels)
    return Trialled(change, note.proof.proof(note.reason), note.labels.get(REGIME, ""))


def note_of(act: Act, plan: TrialPlan | None, regime: str) -> Note:
    """Return the note that tells of an act; a trial that begins brings its plan."""
    match act:
        case Begin():
            assert plan is not None
            return notes.begun(plan)
        case Conclude():
            return notes.decided(act.trial, _in_regime(act.change, regime), act.proof)
        case Resign():
            return notes.resigned(act.trial, act.change, act.reason)
        case Stand():
            return notes.stood(act.trial, act.change, act.proof)
        case Put():
            return notes.put(act.kind, _in_regime(act.change, regime), act.proof, act.about)
        case Advise():
            return notes.proposed(act.change)
        case Refuse():
            return notes.said(EntryKind.REFUSED, act.order.by, act.reason)
        case Free():
            return notes.unpinned(act.knob, act.by)
        case Soothe():
            return notes.said(EntryKind.RELIEVED, act.by, ": ".join(filter(None, (act.reason, act.told))))
        case Switch():
            return notes.switched(act.mode.value, act.planned, act.by)


def _in_regime(change: Change, regime: str) -> Change:
    return Change(
        change.moves,
        change.by,
        change.reason,
        change.evidence,
        change.predicted,
        change.urgent,
        {**change.labels, REGIME: regime},
    )
