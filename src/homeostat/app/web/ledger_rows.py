"""The rows of the ledger: what each entry tells, as the page lays it out. No HTML here."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from homeostat.core.clock import SECOND_NS
from homeostat.core.errors import InputError
from homeostat.core.proof import Effect
from homeostat.core.verdict import State
from homeostat.judge.views.event import Event, event
from homeostat.judge.views.event import EventKind as Occurrence
from homeostat.prove.ledger.entry import ENDING, EntryKind, LedgerEntry, Note, ProofNote
from homeostat.prove.ledger.ledger import Ledger
from homeostat.prove.ledger.story import moves_words, told
from homeostat.prove.trials.effect_words import change_words, length_words, percent

SIGNS: Mapping[EntryKind, str] = MappingProxyType(
    {
        EntryKind.PROPOSED: "◌",
        EntryKind.BEGUN: "▷",
        EntryKind.KEPT: "■",
        EntryKind.ROLLED_BACK: "□",
        EntryKind.UNDONE: "□",
        EntryKind.REVERTED: "□",
        EntryKind.STOOD: "■",
        EntryKind.RESTORED: "□",
        EntryKind.RECOVERED: "□",
        EntryKind.PINNED: "◆",
        EntryKind.UNPINNED: "◇",
        EntryKind.MODE: "○",
        EntryKind.REFUSED: "×",
    }
)

KINDS_IN_WORDS: Mapping[EntryKind, str] = MappingProxyType(
    {
        EntryKind.PROPOSED: "recommended",
        EntryKind.BEGUN: "trial began",
        EntryKind.STOOD: "still better",
        EntryKind.REVERTED: "taken back",
        EntryKind.RESTORED: "defaults restored",
        EntryKind.RECOVERED: "rolled back after a restart",
        EntryKind.UNPINNED: "no longer pinned",
    }
)
"""Where the kind's own word needs more to be understood."""

TAKEN_BACK = frozenset(
    {
        EntryKind.ROLLED_BACK,
        EntryKind.UNDONE,
        EntryKind.REVERTED,
        EntryKind.RESTORED,
        EntryKind.RECOVERED,
    }
)

OUTCOMES = frozenset({EntryKind.KEPT, EntryKind.STOOD, EntryKind.PINNED}) | TAKEN_BACK
"""Kinds that tell what became of a change."""


@dataclass(frozen=True, slots=True)
class EffectRow:
    """An effect with its interval, if that is `known`. An end that is None has no bound."""

    measure: str
    words: str
    estimate: float | None
    low: float | None
    high: float | None
    relative: bool
    known: bool
    confidence: float | None


@dataclass(frozen=True, slots=True)
class GuardrailRow:
    """What must not get worse, whether that is proven, and what was seen."""

    words: str
    state: State
    effect: EffectRow


@dataclass(frozen=True, slots=True)
class LedgerRow:
    """An entry: what moved, why, with what effect, who decided, and whether it can be undone now.

    `why` is the reason of the change, `reason` that of the decision, empty where they are one. `effects` has
    one row a measure of the objective; `rests_on` says how many requests, how long, and by which design.
    `over` is the beginning of a trial that has ended since: the entry of its end tells all.
    """

    service: str
    number: int
    time_ns: int
    kind: EntryKind
    kind_words: str
    sign: str
    by: str
    what: str
    why: str
    reason: str
    evidence: tuple[str, ...]
    predicted_words: str
    trial: str
    effects: tuple[EffectRow, ...]
    guardrails: tuple[GuardrailRow, ...]
    rests_on: str
    about: int | None
    undoable: bool
    over: bool

    @property
    def knobs_moved(self) -> bool:
        """Whether it tells of knobs."""
        return self.what != "nothing"

    @property
    def broken(self) -> tuple[GuardrailRow, ...]:
        """The guardrails that were proven to be broken."""
        return tuple(check for check in self.guardrails if check.state is State.VIOLATED)


def effect_row(effect: Effect) -> EffectRow:
    """Return an effect as it is shown."""
    held = effect.interval
    low = held.low if held and math.isfinite(held.low) else None
    high = held.high if held and math.isfinite(held.high) else None
    return EffectRow(
        effect.measure,
        change_words(effect),
        effect.estimate,
        low,
        high,
        effect.relative,
        effect.estimate is not None and held is not None,
        held.confidence if held else None,
    )


def effects_of(proof: ProofNote) -> tuple[EffectRow, ...]:
    """Return the effects on the objective's measures; of several, that on the whole comes first."""
    terms = tuple(effect_row(term.effect) for term in proof.terms)
    return terms if len(terms) == 1 else (effect_row(proof.effect.effect), *terms)


def ended_trials(ledger: Ledger) -> frozenset[str]:
    """Return the trials that are over."""
    return frozenset(entry.note.trial for entry in ledger.entries if entry.note.kind in ENDING)


def ledger_row(
    entry: LedgerEntry, ledger: Ledger, service: str, ended: frozenset[str] = frozenset()
) -> LedgerRow:
    """Return an entry as it is shown."""
    note = entry.note
    proof = note.proof
    return LedgerRow(
        service=service,
        number=entry.number,
        time_ns=entry.time_ns,
        kind=note.kind,
        kind_words=KINDS_IN_WORDS.get(note.kind, note.kind.value),
        sign=SIGNS.get(note.kind, "○"),
        by=note.by,
        what=moves_words(note),
        why=note.why or note.reason,
        reason=note.reason if note.why else "",
        evidence=note.evidence,
        predicted_words=predicted_words(note.predicted[:2]) if note.predicted else "",
        trial=note.trial,
        effects=effects_of(proof) if proof else (),
        guardrails=tuple(
            GuardrailRow(g.words, g.state, effect_row(g.effect.effect)) for g in proof.guardrails
        )
        if proof
        else (),
        rests_on=_rests_on(proof),
        about=note.about,
        undoable=undoable(ledger, entry.number),
        over=note.kind is EntryKind.BEGUN and note.trial in ended,
    )


def undoable(ledger: Ledger, number: int) -> bool:
    """Tell whether an entry can be taken back now."""
    try:
        ledger.undoing(number, "")
    except InputError:
        return False
    return True


def predicted_words(predicted: tuple[float, float]) -> str:
    """Return a predicted effect on the objective.

    >>> predicted_words((-0.2, -0.05))
    '−20% to −5%'
    """
    return f"{percent(predicted[0])} to {percent(predicted[1])}"


def _rests_on(proof: ProofNote | None) -> str:
    if proof is None or not proof.n_control + proof.n_treatment:
        return ""
    took = length_words((proof.end_ns - proof.begin_ns) / SECOND_NS)
    return f"n {proof.n_treatment:,} with it, {proof.n_control:,} without, in {took}; {proof.design}"


def occurrence(entry: LedgerEntry, link: str) -> Event | None:
    """Return the mark of an entry on the axis of time; None where it marks nothing."""
    note = entry.note
    if note.kind is EntryKind.KEPT:
        return event(Occurrence.KEPT, entry.time_ns, short_words(note), link)
    if note.kind in TAKEN_BACK:
        return event(Occurrence.UNDONE, entry.time_ns, short_words(note), link)
    return None


def short_words(note: Note) -> str:
    """Return what moved and what it did, or all that a note tells where no effect is known."""
    if note.proof is None or not note.moves:
        return told(note)
    first = effects_of(note.proof)[0]
    broken = [effect_row(g.effect.effect) for g in note.proof.guardrails if g.state is State.VIOLATED]
    seen = [f"{first.measure} {first.words}", *(f"broken: {one.measure} {one.words}" for one in broken)]
    return f"{moves_words(note)}: {', '.join(seen)}"
