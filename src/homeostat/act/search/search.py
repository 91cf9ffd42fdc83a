"""The search: proposes configurations, learns what each measured, and tells the best. It runs nothing."""

import math
from dataclasses import dataclass
from typing import Protocol

from homeostat.core.errors import InputError
from homeostat.core.knob import Configuration


@dataclass(frozen=True, slots=True)
class Measured:
    """What one configuration measured.

    `objectives` shall be low. `violations` say for each target how far the value lies beyond its bound,
    relative to the bound: above 0 the target is broken. `errors` are the standard errors of the objectives,
    then of the violations, empty where they are not known. What could not be measured at all is infinite.
    """

    objectives: tuple[float, ...]
    violations: tuple[float, ...] = ()
    errors: tuple[float, ...] = ()

    def __post_init__(self) -> None:
        values = (*self.objectives, *self.violations)
        if not self.objectives or any(math.isnan(value) or value == -math.inf for value in values):
            raise InputError(f"a measurement needs numbers (infinity for what failed), not {values!r}")
        if self.errors and (
            len(self.errors) != len(values) or any(not 0 <= error < math.inf for error in self.errors)
        ):
            raise InputError(
                f"a measurement of {len(values)} values needs as many errors, not {self.errors!r}"
            )

    @property
    def failed(self) -> bool:
        """Whether something could not be measured."""
        return not all(math.isfinite(value) for value in (*self.objectives, *self.violations))

    @property
    def broken(self) -> float:
        """The sum of what lies beyond the targets; 0 where all hold."""
        return sum(max(0.0, violation) for violation in self.violations)


@dataclass(frozen=True, slots=True)
class Pick:
    """A configuration that a search recommends, and what it believes of it.

    `objectives` are estimates from all that was measured, which regress towards the mean: the luckiest
    measurement is not believed. `held` is the probability that all targets hold, None where the search does
    not estimate one. `measured` says how often this very configuration was measured.
    """

    configuration: Configuration
    objectives: tuple[float, ...]
    held: float | None
    measured: int


class Search(Protocol):
    """Finds configurations with low objectives that hold the targets."""

    def ask(self) -> Configuration:
        """Return what to measure next."""
        ...

    def tell(self, configuration: Configuration, measured: Measured) -> None:
        """Learn what a configuration measured, whether it was asked for or not."""
        ...

    def best(self) -> tuple[Pick, ...]:
        """Return the front (of one objective: the best), the lowest first objective first."""
        ...


def violation(value: float, bound: float, *, upper: bool = True) -> float:
    """Return how far a value lies beyond an upper (or lower) bound, relative to the bound.

    >>> violation(250.0, 200.0), violation(0.75, 0.8, upper=False) > 0
    (0.25, True)
    """
    if bound == 0 or not math.isfinite(bound):
        raise InputError(f"a bound must be a number other than 0, not {bound!r}")
    return (value - bound) / abs(bound) if upper else (bound - value) / abs(bound)
