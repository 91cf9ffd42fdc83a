"""The fault: a parameter that changes by itself while the application runs."""

import math
from dataclasses import dataclass, field

from homeostat.core.errors import ConfigError
from homeostat.core.knob import Configuration
from homeostat.testing.simulated_application.parameters import NAMES


@dataclass(frozen=True, slots=True)
class Fault:
    """A parameter is multiplied by `times` and raised by `plus` from `begin_s` to `end_s` after the start.

    It comes in linearly over `ramp_s`. With a `period_s`, it comes and goes: of each period it is there for
    the share `duty`. It meets only requests whose knobs are as in `when`.
    """

    parameter: str
    times: float = 1.0
    plus: float = 0.0
    begin_s: float = 0.0
    end_s: float = math.inf
    ramp_s: float = 0.0
    period_s: float = 0.0
    duty: float = 0.5
    when: Configuration = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.parameter not in NAMES:
            raise ConfigError(f"the fault names no parameter of the application: {self.parameter!r}")
        if not 0.0 <= self.begin_s < self.end_s or self.ramp_s < 0.0 or self.period_s < 0.0:
            raise ConfigError(f"the fault of {self.parameter!r} needs 0 <= begin < end, and no time below 0")

    def level(self, at_s: float) -> float:
        """Return how much of it is there, from 0 to 1."""
        if not self.begin_s <= at_s < self.end_s:
            return 0.0
        since = at_s - self.begin_s
        if self.period_s and since % self.period_s >= self.duty * self.period_s:
            return 0.0
        return min(1.0, since / self.ramp_s) if self.ramp_s else 1.0

    def applied(self, value: float, at_s: float) -> float:
        """Return the parameter as it is at a time."""
        level = self.level(at_s)
        return value * (1.0 + level * (self.times - 1.0)) + level * self.plus
