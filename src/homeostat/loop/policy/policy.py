"""The policy: what the loop is for, what it may do, and how sure it has to be."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from homeostat.act.controller import Controller
from homeostat.act.controllers.climb import Climb
from homeostat.core.clock import DAY_NS, HOUR_NS, SECOND_NS
from homeostat.core.errors import ConfigError
from homeostat.core.objective import Guardrail, Measure, Objective
from homeostat.core.order import Mode
from homeostat.core.target import Target
from homeostat.loop.policy.schedule import Schedule
from homeostat.loop.rules.state import Limits


@dataclass(frozen=True, slots=True)
class TrialRules:
    """How changes are tried.

    `share` of the requests of a trial are treatment. A trial that is undecided after `deadline_ns` is rolled
    back. After a keep the share `hold_back` of requests runs as before for `hold_back_ns`. Knobs of the
    whole process are tried in blocks of at least `block_ns`.
    """

    share: float = 0.5
    deadline_ns: int = 2 * HOUR_NS
    confidence: float = 0.95
    hold_back: float = 0.05
    hold_back_ns: int = DAY_NS
    block_ns: int = 60 * SECOND_NS

    def __post_init__(self) -> None:
        for name, low, high in (("share", 0.01, 0.99), ("confidence", 0.5, 0.9999), ("hold_back", 0.0, 0.5)):
            value = getattr(self, name)
            if not low <= value <= high:
                raise ConfigError(f"[trials] {name} must be from {low} to {high}, not {value!r}")
        for name in ("deadline_ns", "block_ns"):
            if getattr(self, name) < SECOND_NS:
                raise ConfigError(f"[trials] {name.removesuffix('_ns')} must be at least a second")


@dataclass(frozen=True, slots=True)
class Policy:
    """What shall get better, what must not get worse, what is expected, and what the loop may do about it.

    `controllers` are asked for changes, the first first; `gauges` are the metrics that they read. `bounds`
    are those of measures that have some, such as {"quality": (0, 1)}: less is then taken on trust. Without
    `hormones` what happened before does not change how boldly is tried.
    """

    objective: Objective
    guardrails: tuple[Guardrail, ...] = ()
    targets: tuple[Target, ...] = ()
    mode: Mode = Mode.OBSERVE
    limits: Limits = field(default_factory=Limits)
    trials: TrialRules = field(default_factory=TrialRules)
    controllers: tuple[Controller, ...] = (Climb(),)
    gauges: tuple[str, ...] = ()
    schedule: Schedule = field(default_factory=Schedule)
    bounds: Mapping[str, tuple[float, float]] = field(default_factory=dict)
    hormones: bool = True

    @property
    def measures(self) -> tuple[Measure, ...]:
        """All measures that it speaks of, each once."""
        terms = [term.measure for term in self.objective.terms]
        return tuple(dict.fromkeys([*terms, *(guardrail.measure for guardrail in self.guardrails)]))
