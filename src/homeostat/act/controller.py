"""The controller: looks at how things stand and proposes changes. It applies none."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from homeostat.act.endocrine import Endocrine
from homeostat.core.change import Change
from homeostat.core.finding import Finding
from homeostat.core.interval import Interval
from homeostat.core.knob import Configuration, Knob
from homeostat.core.objective import Objective
from homeostat.core.proof import Proof
from homeostat.core.verdict import Verdict

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Judged:
    """A target as a person wrote it, with the verdict on it, and since when it has been in that state."""

    target: str
    measure: str
    verdict: Verdict
    since_ns: int


@dataclass(frozen=True, slots=True)
class Reading:
    """What a measure came to lately under the configuration in force, with a 95% interval."""

    value: float
    interval: Interval | None
    n: int


@dataclass(frozen=True, slots=True)
class Line:
    """What a measure came to over the last time: values `step_ns` apart, the newest last and ending at
    `end_ns`; NaN where nothing was measured."""

    values: "NDArray[np.float64]"
    step_ns: int
    end_ns: int


WAY, BACK, MUST, AGAIN = "way", "back", "must", "again"
"""A label of changes that are not made for a gain. BACK gives up what is no longer needed: such a change is
kept if the objective does not get worse by more than WORSE_MAX says. MUST obeys a limit from outside, at
once. AGAIN tries what was before a kept change, on a small share of the requests."""

SHADOW = "shadow"
"""The label of a change of one switch that is tried in its shadow, whatever it holds."""

WORSE_MAX = "worse_max"
"""The label that says by how much, as a share, the objective may get worse by a change for no gain."""


@dataclass(frozen=True, slots=True)
class Trialled:
    """A change that was tried, in which regime, and what its trial showed. A history has the newest last."""

    change: Change
    proof: Proof
    regime: str


@dataclass(frozen=True, slots=True)
class Situation:
    """All that a controller may look at.

    `knobs` are those that may be turned now: neither pinned nor part of a running trial. `readings` are by
    the words of a measure (`p95 of duration`). `load_per_s` is requests a second. `regime` names the kind of
    workload. `endocrine` are the levels that all controllers share. `slack` is the smallest distance of a
    target from its bound, relative to the bound, None where a target is violated or unknown. `lines` are by
    the name of a metric, for those controllers that look ahead.
    """

    now_ns: int
    configuration: Configuration
    knobs: Mapping[str, Knob]
    objective: Objective
    judged: tuple[Judged, ...] = ()
    findings: tuple[Finding, ...] = ()
    readings: Mapping[str, Reading] = field(default_factory=dict)
    history: tuple[Trialled, ...] = ()
    load_per_s: float = 0.0
    regime: str = ""
    slack: float | None = None
    endocrine: Endocrine = field(default_factory=Endocrine)
    lines: Mapping[str, Line] = field(default_factory=dict)


def for_no_gain(situation: Situation) -> dict[str, str]:
    """Return the labels of a change that gives up what is no longer needed.

    The objective may get worse by half of the room that the nearest target leaves, at most to its double;
    where no target is known to hold, by 5%.
    """
    slack = situation.slack
    room = 0.05 if slack is None or slack <= 0.0 else min(1.0, 0.5 * slack / (1.0 - min(slack, 0.9)))
    return {WAY: BACK, WORSE_MAX: f"{room:.3g}"}


class Controller(Protocol):
    """Proposes changes."""

    @property
    def name(self) -> str:
        """What its changes are signed with."""
        ...

    def propose(self, situation: Situation) -> tuple[Change, ...]:
        """Return what to try next, the most promising first; nothing where all is well."""
        ...
