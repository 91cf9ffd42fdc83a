"""The trial: compares the application under a change with the one without, until it can be decided."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Protocol

from homeostat.core.change import Change
from homeostat.core.clock import SECOND_NS
from homeostat.core.errors import ConfigError
from homeostat.core.knob import Configuration
from homeostat.core.objective import Guardrail, Measure, Objective
from homeostat.core.plant import Outcomes
from homeostat.core.proof import Effect, GuardrailCheck, Proof


class Design(StrEnum):
    """How the arms of a trial are told apart."""

    REQUEST = "requests divided at random"
    SWITCHBACK = "time divided into blocks at random"
    SHADOW = "both run on each request, side by side"
    HOLD_BACK = "a few requests stay as they were"
    WATCH = "watched against what the trial showed"


@dataclass(frozen=True, slots=True)
class TrialPlan:
    """What is tried, against what it is held, for how long, and how the arms are told apart.

    `name` is that of the column of arms in outcomes. Of the requests (or, in a switchback, of the time) the
    share `share` is treatment. The trial is decided between `begin_ns` and `deadline_ns`; undecided then, it
    is rolled back. `confidence` is that of the effect on the whole objective, at all looks together.
    `settle_s` is not counted: after the beginning, and in a switchback after each change of arms, whose
    blocks take `block_s`. `bounds` are those of measures that have some, such as {"quality": (0, 1)}: a
    rare bad value that has not been seen as yet is then allowed for. `sticky` keeps a user in one arm.
    """

    name: str
    change: Change
    objective: Objective
    guardrails: tuple[Guardrail, ...]
    begin_ns: int
    deadline_ns: int
    design: Design = Design.REQUEST
    share: float = 0.5
    confidence: float = 0.95
    settle_s: float = 0.0
    block_s: float = 60.0
    bounds: Mapping[str, tuple[float, float]] = field(default_factory=dict)
    sticky: bool = True

    def __post_init__(self) -> None:
        if not self.name:
            raise ConfigError("a trial needs a name: outcomes tell its arms by that")
        if not self.begin_ns < self.deadline_ns:
            raise ConfigError(f"trial {self.name!r} must have its deadline after its beginning")
        if not 0.0 < self.share < 1.0:
            raise ConfigError(f"share of trial {self.name!r} must lie between 0 and 1, not {self.share!r}")
        if not 0.5 <= self.confidence < 1.0:
            raise ConfigError(
                f"confidence of trial {self.name!r} must be from 0.5 to below 1, not {self.confidence!r}"
            )
        if not 0.0 <= self.settle_s < math.inf:
            raise ConfigError(f"settle_s of trial {self.name!r} must be 0 or more, not {self.settle_s!r}")
        if self.design is Design.SWITCHBACK and not self.settle_s < self.block_s < math.inf:
            raise ConfigError(
                f"blocks of trial {self.name!r} take {self.block_s!r} s, of which {self.settle_s!r} s "
                "are not counted: make block_s longer than settle_s"
            )
        if self.design is not Design.SWITCHBACK and self.design is not Design.WATCH:
            self._check_measures()

    def _check_measures(self) -> None:
        for measure in self.measures:
            if measure.name == "throughput":
                raise ConfigError(
                    f"trial {self.name!r} divides requests, which tells nothing of throughput: "
                    "divide time (a switchback), or take another measure"
                )

    @property
    def measures(self) -> tuple[Measure, ...]:
        """All measures that are looked at, each once: those of the objective first."""
        found = [term.measure for term in self.objective.terms] + [g.measure for g in self.guardrails]
        return tuple(dict.fromkeys(found))

    @property
    def term_confidence(self) -> float:
        """The confidence of each term, such that all of them hold together with `confidence`."""
        return 1.0 - (1.0 - self.confidence) / len(self.objective.terms)

    @property
    def counts_from_ns(self) -> int:
        """What ended before is not counted."""
        return self.begin_ns + round(self.settle_s * SECOND_NS)

    @property
    def treatment(self) -> Configuration:
        """The values of the knobs that the change moves."""
        return {move.knob: move.after for move in self.change.moves}

    @property
    def control(self) -> Configuration:
        """The values of the same knobs as they were."""
        return {move.knob: move.before for move in self.change.moves}


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a trial has come.

    `decided` is from 0 to 1: the records so far as a share of those that would decide if the effects stay as
    they look now. `requests_left` and `seconds_left` are what is about missing then, None where nothing
    can be said yet; they may lie beyond the deadline. Effects are as in a `Proof`.
    """

    n_control: int
    n_treatment: int
    decided: float
    effect: Effect
    terms: tuple[Effect, ...]
    guardrails: tuple[GuardrailCheck, ...]
    requests_left: int | None
    seconds_left: float | None
    words: str


class Trial(Protocol):
    """A running comparison. It has no clock: the time is handed in; `plan` says how to steer for it."""

    plan: TrialPlan

    def observe(self, outcomes: Outcomes) -> None:
        """Take outcomes in the order in which they were known; those of other operations are passed over."""
        ...

    def proof(self, now_ns: int) -> Proof | None:
        """Return the decision, None as long as there is none. Ask as often as you like; it stays the same."""
        ...

    def progress(self, now_ns: int) -> Progress:
        """Return how far it has come."""
        ...
