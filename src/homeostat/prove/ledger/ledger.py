"""The ledger: all that was done to the application's knobs, append-only and chained by hashes."""

from dataclasses import dataclass

from homeostat.core.change import Change, Move, shown
from homeostat.core.errors import InputError
from homeostat.core.knob import Configuration
from homeostat.prove.ledger.entry import ENDING, SETTING, EntryKind, LedgerEntry, Note, entry_after


@dataclass(frozen=True, slots=True)
class Ledger:
    """Entries in order of their numbers. Nothing is ever taken out: what is undone is a new entry.

    Guarantee: after an entry was altered, taken out or put in, `broken` names the first one whose hash or
    whose tie to the one before is wrong, unless all entries from there on were hashed anew: whoever
    wants to rule that out keeps `head` elsewhere.
    """

    entries: tuple[LedgerEntry, ...] = ()

    @property
    def last(self) -> LedgerEntry | None:
        """The newest entry."""
        return self.entries[-1] if self.entries else None

    @property
    def head(self) -> str:
        """The hash of the newest entry, empty where there is none: it stands for the whole ledger."""
        return self.entries[-1].hash if self.entries else ""

    def appended(self, note: Note, time_ns: int) -> "Ledger":
        """Return the ledger with one more entry."""
        return Ledger((*self.entries, entry_after(self.last, note, time_ns)))

    def entry(self, number: int) -> LedgerEntry | None:
        """Return the entry with a number, None where there is none."""
        if 0 < number <= len(self.entries) and self.entries[number - 1].number == number:
            return self.entries[number - 1]
        return next((entry for entry in self.entries if entry.number == number), None)

    def broken(self) -> str | None:
        """Return which entry is the first that cannot be trusted and why, None where all can."""
        before: LedgerEntry | None = None
        for entry in self.entries:
            if before and entry.number == before.number:
                return (
                    f"entry {entry.number} is there twice: two processes write this ledger at once; "
                    "let only one of them act"
                )
            if entry.number != (before.number + 1 if before else 1):
                wanted = before.number + 1 if before else 1
                return f"entry {wanted} is missing: the next that is there has number {entry.number}"
            if entry.previous != (before.hash if before else ""):
                return f"entry {entry.number} does not follow the one before, which was altered or replaced"
            if entry.hash != entry.hash_due:
                return f"entry {entry.number} was altered: its hash is not that of what it says"
            before = entry
        return None

    def good(self, defaults: Configuration) -> Configuration:
        """Return the last configuration known to be good: defaults, and all that was kept or set since.

        Knobs that are not among the defaults (they are gone from the application) are passed over.
        """
        found = dict(defaults)
        for entry in self.entries:
            if entry.note.kind in SETTING:
                found.update({m.knob: m.after for m in entry.note.moves if m.knob in defaults})
        return found

    def undoing(self, number: int, by: str) -> Change:
        """Return the change that takes an entry back; raise InputError, saying why, where that cannot be."""
        entry = self.entry(number)
        if entry is None:
            there = f"there are 1 to {self.entries[-1].number}" if self.entries else "it is empty"
            raise InputError(f"the ledger has no entry {number}: {there}")
        if entry.note.kind not in SETTING or all(m.before == m.after for m in entry.note.moves):
            raise InputError(
                f"entry {number} ({entry.note.kind.value}) changed no knob: there is nothing to undo"
            )
        for move in entry.note.moves:
            later = self._last_that_moved(move.knob)
            after = next(m.after for m in later.note.moves if m.knob == move.knob)
            if later.number != number and (after != move.after or later.note.about == number):
                raise InputError(
                    f"entry {number} cannot be undone: entry {later.number} ({later.note.kind.value}) has "
                    f"set {move.knob} to {shown(after)} since; undo that one first, or try the value you want"
                )
        moves = tuple(Move(move.knob, move.after, move.before) for move in entry.note.moves)
        return Change(moves, by, f"takes back entry {number}: {entry.note.reason}")

    def unfinished(self) -> tuple[LedgerEntry, ...]:
        """Return trials that were begun and never decided: after a start, they were interrupted."""
        begun: dict[str, LedgerEntry] = {}
        for entry in self.entries:
            if entry.note.kind is EntryKind.BEGUN:
                begun[entry.note.trial] = entry
            elif entry.note.kind in ENDING:
                begun.pop(entry.note.trial, None)
        return tuple(begun.values())

    def _last_that_moved(self, knob: str) -> LedgerEntry:
        return next(
            entry
            for entry in reversed(self.entries)
            if entry.note.kind in SETTING and any(move.knob == knob for move in entry.note.moves)
        )
