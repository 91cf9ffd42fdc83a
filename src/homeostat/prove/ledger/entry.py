"""The entry of the ledger: what was done to the application's knobs, why, by whom, and what proves it."""

import hashlib
import math
from enum import StrEnum
from typing import NamedTuple

import msgspec

from homeostat.core.change import Change, Move
from homeostat.core.interval import Interval
from homeostat.core.knob import Value
from homeostat.core.proof import Decision, Effect, GuardrailCheck, Proof
from homeostat.core.verdict import State


class EntryKind(StrEnum):
    """What an entry tells of."""

    PROPOSED = "proposed"  # advice to a person: nothing was changed
    BEGUN = "begun"  # a trial
    KEPT = "kept"  # what a trial proved
    ROLLED_BACK = "rolled back"  # a trial that proved nothing, or the contrary
    UNDONE = "undone"  # taken back by a person
    REVERTED = "reverted"  # taken back since it was proven worse after it was kept
    STOOD = "stood"  # what was kept is still better at the end of its hold-back
    OBEYED = "obeyed"  # a limit from outside, at once and without a proof
    RESTORED = "restored"  # the kill switch: all defaults
    RECOVERED = "recovered"  # trials that an abrupt end had interrupted are rolled back
    PINNED = "pinned"
    UNPINNED = "unpinned"
    MODE = "mode"
    RELIEVED = "relieved"  # a resource, by what the application can do for it
    REFUSED = "refused"  # an order that could not be carried out


SETTING = frozenset(
    {
        EntryKind.KEPT,
        EntryKind.UNDONE,
        EntryKind.REVERTED,
        EntryKind.OBEYED,
        EntryKind.RESTORED,
        EntryKind.PINNED,
    }
)
"""Kinds of entries after which the moved knobs have other values."""

ENDING = frozenset({EntryKind.KEPT, EntryKind.ROLLED_BACK, EntryKind.RECOVERED})
"""Kinds of entries after which a trial is over."""


class Moved(NamedTuple):
    """A move, as it is written: knob, before, after."""

    knob: str
    before: Value
    after: Value


class EffectNote(msgspec.Struct, frozen=True, omit_defaults=True):
    """An effect as it is written: without infinities, which JSON does not know; a missing end is one."""

    measure: str
    control: float | None = None
    treatment: float | None = None
    estimate: float | None = None
    low: float | None = None
    high: float | None = None
    confidence: float | None = None
    relative: bool = True

    @classmethod
    def of(cls, effect: Effect) -> "EffectNote":
        """Return how an effect is written."""
        held = effect.interval
        return cls(
            effect.measure,
            effect.control,
            effect.treatment,
            effect.estimate,
            held.low if held and math.isfinite(held.low) else None,
            held.high if held and math.isfinite(held.high) else None,
            held.confidence if held else None,
            effect.relative,
        )

    @property
    def effect(self) -> Effect:
        """The effect."""
        held = None
        if self.confidence is not None:
            low = -math.inf if self.low is None else self.low
            high = math.inf if self.high is None else self.high
            held = Interval(low, high, self.confidence)
        return Effect(self.measure, self.control, self.treatment, self.estimate, held, self.relative)


class GuardrailNote(msgspec.Struct, frozen=True, omit_defaults=True):
    """A guardrail as it is written."""

    words: str
    state: State
    effect: EffectNote


class ProofNote(msgspec.Struct, frozen=True, omit_defaults=True):
    """A proof as it is written."""

    decision: Decision
    effect: EffectNote
    terms: tuple[EffectNote, ...]
    guardrails: tuple[GuardrailNote, ...]
    n_control: int
    n_treatment: int
    begin_ns: int
    end_ns: int
    design: str

    @classmethod
    def of(cls, proof: Proof) -> "ProofNote":
        """Return how a proof is written; its reason is that of the entry."""
        return cls(
            proof.decision,
            EffectNote.of(proof.effect),
            tuple(EffectNote.of(term) for term in proof.terms),
            tuple(GuardrailNote(c.words, c.state, EffectNote.of(c.effect)) for c in proof.guardrails),
            proof.n_control,
            proof.n_treatment,
            proof.begin_ns,
            proof.end_ns,
            proof.design,
        )

    def proof(self, reason: str) -> Proof:
        """Return the proof."""
        return Proof(
            self.decision,
            reason,
            self.effect.effect,
            tuple(term.effect for term in self.terms),
            tuple(GuardrailCheck(note.words, note.state, note.effect.effect) for note in self.guardrails),
            self.n_control,
            self.n_treatment,
            self.begin_ns,
            self.end_ns,
            self.design,
        )


class Note(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """What an entry says. `about` is the number of an earlier entry that it takes back.

    `why` is the reason of the change where `reason` is another one: that of the decision about it.
    """

    kind: EntryKind
    by: str
    reason: str
    why: str = ""
    moves: tuple[Moved, ...] = ()
    evidence: tuple[str, ...] = ()
    predicted: tuple[float, float, float] | None = None
    labels: dict[str, str] = {}
    trial: str = ""
    proof: ProofNote | None = None
    about: int | None = None

    @property
    def change(self) -> Change | None:
        """The change that it tells of, None where no knob is moved."""
        if not self.moves:
            return None
        predicted = Interval(*self.predicted) if self.predicted else None
        moves = tuple(Move(*moved) for moved in self.moves)
        return Change(
            moves, self.by, self.why or self.reason, self.evidence, predicted, labels=dict(self.labels)
        )


class LedgerEntry(msgspec.Struct, frozen=True, omit_defaults=True):
    """A numbered note, chained to the one before: whoever alters one breaks all later hashes.

    `hash` is the SHA-256 of the entry's canonical JSON (sorted, without `hash`), which holds the hash of the
    entry before, `previous`. The first entry has number 1 and an empty `previous`.
    """

    number: int
    time_ns: int
    note: Note
    previous: str = ""
    hash: str = ""

    @property
    def hash_due(self) -> str:
        """The hash that the entry must have."""
        bare = msgspec.structs.replace(self, hash="")
        return hashlib.sha256(msgspec.json.encode(bare, order="sorted")).hexdigest()


def entry_after(last: LedgerEntry | None, note: Note, time_ns: int) -> LedgerEntry:
    """Return the entry that follows the last one, or the first."""
    bare = LedgerEntry(last.number + 1 if last else 1, time_ns, note, last.hash if last else "")
    return msgspec.structs.replace(bare, hash=bare.hash_due)
