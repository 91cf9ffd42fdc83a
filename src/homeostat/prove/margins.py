"""The margins: what kept changes have used up of what a guardrail allows, and what is left of it."""

from collections.abc import Iterable
from dataclasses import replace

from homeostat.core.objective import Guardrail
from homeostat.prove.ledger_entry import EntryKind, LedgerEntry, ProofNote
from homeostat.prove.standing import worse_sign

LEFT_MIN = 0.05
"""A guardrail never gets narrower than this share of its margin: no trial could prove less."""


def left(guardrails: Iterable[Guardrail], entries: Iterable[LedgerEntry]) -> tuple[Guardrail, ...]:
    """Return guardrails for the next trial, narrowed by what the changes in force have used up.

    Each trial compares with the configuration of its day. Many small losses, each within the margin, would
    add up to a large one: so the margin is one for all changes together. What a kept change made worse (its
    estimate) is taken off, what it made better is given back, up to the whole margin; what was undone or
    reverted is given back, and the kill switch gives back all.
    """
    used: dict[str, dict[str, float]] = {}
    for entry in entries:
        note = entry.note
        match note.kind:
            case EntryKind.KEPT:
                if note.proof is not None:
                    used[note.trial or str(entry.number)] = _worsenings(note.proof)
            case EntryKind.UNDONE | EntryKind.REVERTED:
                taken_back = {(moved.knob, moved.before) for moved in note.moves}
                for other in entries_kept(entries, taken_back):
                    used.pop(other, None)
            case EntryKind.RESTORED:
                used.clear()
    return tuple(_narrowed(guardrail, used.values()) for guardrail in guardrails)


def entries_kept(entries: Iterable[LedgerEntry], moved_to: set[tuple[str, object]]) -> list[str]:
    """Return the trials whose kept change led to any of these values of knobs."""
    return [
        entry.note.trial or str(entry.number)
        for entry in entries
        if entry.note.kind is EntryKind.KEPT
        and any((moved.knob, moved.after) in moved_to for moved in entry.note.moves)
    ]


def _worsenings(proof: ProofNote) -> dict[str, float]:
    return {
        note.effect.measure: note.effect.estimate
        for note in proof.guardrails
        if note.effect.estimate is not None
    }


def _narrowed(guardrail: Guardrail, used: Iterable[dict[str, float]]) -> Guardrail:
    sign = worse_sign(guardrail.measure)
    spent = sum(sign * effects.get(guardrail.measure.words, 0.0) for effects in used)
    room = guardrail.worse_max - max(spent, 0.0)
    return replace(guardrail, worse_max=max(room, LEFT_MIN * guardrail.worse_max))
