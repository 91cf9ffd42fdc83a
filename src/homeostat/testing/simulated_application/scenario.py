"""The scenario: an application, what befalls it, what is wanted of it, and what may be turned."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field

from homeostat.core.clock import MINUTE_NS
from homeostat.core.errors import ConfigError
from homeostat.core.knob import Configuration, Knob, Value
from homeostat.core.metric import Better
from homeostat.core.objective import Guardrail, Measure, Objective, Summary
from homeostat.core.target import Amount, Reading, Side, Target
from homeostat.testing.simulated_application.fault import Fault
from homeostat.testing.simulated_application.parameters import NAMES, Parameters

UNITS = {"duration": "ms", "cost": "USD"}


def worse_sign(measure: Measure) -> int:
    """Return 1 where higher values are worse, -1 where lower ones are."""
    return 1 if measure.better is Better.LOWER else -1


@dataclass(frozen=True, slots=True)
class Limit:
    """The bound that a measure is to keep; with `times_healthy`, as a multiple of what it is at the start."""

    measure: Measure
    bound: float
    times_healthy: bool = False

    def holds(self, value: float) -> bool:
        """Tell whether a value is within the limit."""
        return value <= self.bound if self.measure.better is Better.LOWER else value >= self.bound

    def excess(self, value: float) -> float:
        """Return by which share of the bound a value lies beyond it; 0 within."""
        return max(0.0, worse_sign(self.measure) * (value - self.bound) / abs(self.bound))

    @property
    def target(self) -> Target:
        """The limit as a target over 10 minutes."""
        if self.times_healthy:
            raise ConfigError(
                "a limit relative to the healthy state is no target before the scenario is settled"
            )
        summary = "mean" if self.measure.summary is Summary.SHARE else self.measure.summary.value
        side = Side.BELOW if self.measure.better is Better.LOWER else Side.ABOVE
        amount = Amount(self.bound, UNITS.get(self.measure.name, ""))
        return Target(Reading(summary, self.measure.name), side, amount, (10 * MINUTE_NS,))


@dataclass(frozen=True, slots=True)
class Lever:
    """A knob with what it does to the application.

    It sets the parameter `sets`, or for each of its choices some parameters (`choices`). It takes `lag_s`
    (factor of e) until a number has its effect; after a change all calls take `disturbs` more, which fades
    over `fades_s`.
    """

    knob: Knob
    sets: str = ""
    choices: tuple[tuple[Value, Mapping[str, float]], ...] = ()
    lag_s: float = 0.0
    disturbs: float = 0.0
    fades_s: float = 60.0

    def __post_init__(self) -> None:
        named = {self.sets} if self.sets else {name for _, settings in self.choices for name in settings}
        if unknown := named - NAMES:
            raise ConfigError(
                f"knob {self.knob.name!r} sets no parameter of the application: {sorted(unknown)}"
            )

    def settings(self, value: Value) -> Mapping[str, float]:
        """Return the parameters that a value of the knob sets; none for one that has no effect."""
        if self.sets:
            return {self.sets: float(value)}
        for choice, settings in self.choices:
            if choice == value and isinstance(choice, bool) == isinstance(value, bool):
                return settings
        return {}


@dataclass(frozen=True, slots=True)
class Scenario:
    """An application over `hours`: parameters, levers, faults, objective, guardrails, limits.

    `remedy` says whether some configuration keeps all limits at the end. `runbook` are the steps that an
    operator would have automated, the first one first. Where there are `users`, requests come from them.
    `vary` is how much a seed changes load, faults and spreads, as a share.
    """

    name: str
    story: str
    hours: float
    levers: tuple[Lever, ...]
    objective: Objective
    guardrails: tuple[Guardrail, ...] = ()
    limits: tuple[Limit, ...] = ()
    faults: tuple[Fault, ...] = ()
    parameters: Mapping[str, float] = field(default_factory=dict)
    runbook: tuple[Configuration, ...] = ()
    remedy: bool = True
    users: int = 0
    vary: float = 0.1

    @property
    def knobs(self) -> dict[str, Knob]:
        """What may be turned, by name."""
        return {lever.knob.name: lever.knob for lever in self.levers}

    @property
    def initial(self) -> dict[str, Value]:
        """The configuration that the application starts with."""
        return {lever.knob.name: lever.knob.default for lever in self.levers}

    @property
    def end_s(self) -> float:
        """The length of the scenario."""
        return self.hours * 3600.0

    @property
    def fault_s(self) -> float | None:
        """When the first fault begins, None where nothing befalls the application."""
        return min((fault.begin_s for fault in self.faults), default=None)

    @property
    def targets(self) -> tuple[Target, ...]:
        """The limits as targets."""
        return tuple(limit.target for limit in self.limits)

    def set_by(self, configuration: Configuration) -> dict[str, float]:
        """Return the parameters that differ from the defaults in a configuration, before any fault."""
        values = dict(self.parameters)
        for lever in self.levers:
            values.update(lever.settings(configuration[lever.knob.name]))
        return values

    def at(
        self, at_s: float, configuration: Configuration, lagged: Mapping[str, float] | None = None
    ) -> Parameters:
        """Return the parameters of a configuration at a time; `lagged` are those still on their way."""
        values = {**self.set_by(configuration), **(lagged or {})}
        for fault in self.faults:
            if all(configuration.get(name) == value for name, value in fault.when.items()):
                before = values.get(fault.parameter, getattr(DEFAULTS, fault.parameter))
                values[fault.parameter] = fault.applied(before, at_s)
        daily = values.get("load_daily", 0.0)
        if daily:
            turns = at_s / 3600.0 / values.get("load_period_h", DEFAULTS.load_period_h)
            values["load_per_s"] = values["load_per_s"] * (1.0 - daily * math.cos(2.0 * math.pi * turns))
        return Parameters(**values)


DEFAULTS = Parameters()
