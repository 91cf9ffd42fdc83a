"""The outcome of the loop in the demo: what was noticed, tried, kept and taken back, and what it came to."""

from collections.abc import Sequence
from dataclasses import dataclass

from homeostat.app.demo.loop_watch import Loop, LoopKnob, Told
from homeostat.app.demo.stretch import FAULT, Stretch
from homeostat.core.verdict import State
from homeostat.prove.ledger.entry import EntryKind

TARGET = "target"
TAKEN_BACK = frozenset({EntryKind.ROLLED_BACK.value, EntryKind.REVERTED.value})


@dataclass(frozen=True, slots=True)
class LoopOutcome:
    """What the loop did, in order, and what it came to.

    `noticed_s` is how long after the fault a target was found violated, `back_s` how long after it all held
    again; None where there was no fault or it did not come to that. `knobs` are those that stand elsewhere
    than at first.
    """

    told: tuple[Told, ...]
    stretches: tuple[Stretch, ...]
    knobs: tuple[LoopKnob, ...]
    tried: int
    kept: int
    taken_back: int
    noticed_s: float | None
    back_s: float | None


def outcome_of(told: Sequence[Told], loop: Loop | None, stretches: tuple[Stretch, ...]) -> LoopOutcome:
    """Return what it all came to."""
    kinds = [one.kind for one in told]
    fault_s = next((one.at_s for one in told if one.kind == FAULT), None)
    noticed_s = back_s = None
    if fault_s is not None:
        verdicts = [one for one in told if one.kind == TARGET and one.at_s >= fault_s]
        noticed_s = next((v.at_s - fault_s for v in verdicts if v.state == State.VIOLATED.value), None)
        if noticed_s is not None and verdicts[-1].state == State.WITHIN.value:
            back_s = verdicts[-1].at_s - fault_s
    return LoopOutcome(
        told=tuple(told),
        stretches=stretches,
        knobs=tuple(k for k in loop.knobs if k.value != k.default) if loop is not None else (),
        tried=kinds.count(EntryKind.BEGUN.value),
        kept=kinds.count(EntryKind.KEPT.value),
        taken_back=sum(kind in TAKEN_BACK for kind in kinds),
        noticed_s=noticed_s,
        back_s=back_s,
    )
