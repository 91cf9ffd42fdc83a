"""The margins: what kept changes have used up of what a guardrail allows, and what is left of it."""

import math
from collections.abc import Iterable
from collections.abc import Set as AbstractSet
from dataclasses import replace

from homeostat.core.objective import Guardrail
from homeostat.prove.ledger.entry import EntryKind, LedgerEntry, ProofNote
from homeostat.prove.trials.standing import worse_sign

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


def entries_kept(entries: Iterable[LedgerEntry], moved_to: AbstractSet[tuple[str, object]]) -> list[str]:
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
    effects = [found.get(guardrail.measure.words, 0.0) for found in used]
    if guardrail.relative:
        room = _room(guardrail.worse_max, math.prod(1.0 + effect for effect in effects), sign)
    else:
        room = guardrail.worse_max - max(sign * sum(effects), 0.0)
    return replace(guardrail, worse_max=max(room, LEFT_MIN * guardrail.worse_max))


def _room(worse_max: float, factor: float, sign: float) -> float:
    """Return by which share a measure may get worse still, once the changes in force multiply it by a factor.

    Shares compound: five times 12% is 76%, not 60%.
    """
    if factor <= 0.0:
        return 0.0 if sign < 0.0 else worse_max
    return min(worse_max, sign * ((1.0 + sign * worse_max) / factor - 1.0))
