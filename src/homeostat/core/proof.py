"""The proof: what a trial of a change showed, and what was decided."""

from dataclasses import dataclass
from enum import StrEnum

from homeostat.core.interval import Interval
from homeostat.core.verdict import State


class Decision(StrEnum):
    """What became of a trial."""

    KEEP = "kept"
    ROLL_BACK = "rolled back"


@dataclass(frozen=True, slots=True)
class Effect:
    """How one measure differs between the arms: treatment against control.

    `estimate` and `interval` are relative (-0.1: a tenth less) or, where `relative` is False, in the unit of
    the measure; None where they are not known. `control` and `treatment` are the summaries of both arms.
    """

    measure: str
    control: float | None
    treatment: float | None
    estimate: float | None
    interval: Interval | None
    relative: bool = True


@dataclass(frozen=True, slots=True)
class GuardrailCheck:
    """A guardrail with its effect: WITHIN where the change is proven not to break it, VIOLATED where it is
    proven to, UNKNOWN as long as neither is."""

    words: str
    state: State
    effect: Effect


@dataclass(frozen=True, slots=True)
class Proof:
    """A decision with what it rests on.

    `reason` is one sentence. `effect` is the effect on the whole objective (below zero is better), `terms`
    are those of its measures. `design` says how the arms were told apart.
    """

    decision: Decision
    reason: str
    effect: Effect
    terms: tuple[Effect, ...]
    guardrails: tuple[GuardrailCheck, ...]
    n_control: int
    n_treatment: int
    begin_ns: int
    end_ns: int
    design: str
