"""The knob: a value of the application that may be changed while it runs, and within which bounds."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol, TypeAlias

from homeostat.core.errors import ConfigError, InputError

Value: TypeAlias = bool | int | float | str
"""What a knob can be set to."""

Configuration: TypeAlias = Mapping[str, Value]
"""A value for each knob by its name. Nobody changes one that was handed out."""


class Domain(Protocol):
    """The values that a knob may take, laid out on the line from 0 to 1."""

    def check(self, value: Value) -> Value:
        """Return the value in the domain's own type; raise InputError where it is none of its values."""
        ...

    def position(self, value: Value) -> float:
        """Return where a value of the domain lies, from 0 to 1."""
        ...

    def at(self, position: float) -> Value:
        """Return the value nearest to a position; what lies outside of 0 to 1 is the end."""
        ...


def _number(value: Value, kind: str) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise InputError(f"{value!r} is no {kind}")
    return value


def _share(low: float, high: float, value: float, log: bool) -> float:
    if log:
        return math.log(value / low) / math.log(high / low)
    return (value - low) / (high - low)


def _between(low: float, high: float, position: float, log: bool) -> float:
    share = min(1.0, max(0.0, position))
    return float(low * (high / low) ** share) if log else low + (high - low) * share


def _check_bounds(low: float, high: float, log: bool) -> None:
    if not (math.isfinite(low) and math.isfinite(high) and low < high):
        raise ConfigError(f"the bounds of a knob must be finite and low < high, not {low!r} and {high!r}")
    if log and low <= 0:
        raise ConfigError(f"a logarithmic knob must have a lower bound above 0, not {low!r}")


@dataclass(frozen=True, slots=True)
class Integers:
    """Whole numbers from `low` to `high`, both included; with `log`, equal ratios are equal steps."""

    low: int
    high: int
    log: bool = False

    def __post_init__(self) -> None:
        _check_bounds(self.low, self.high, self.log)

    def check(self, value: Value) -> int:
        """Return the value as an integer; raise InputError where it is no whole number within the bounds."""
        number = _number(value, "number")
        if number != int(number) or not self.low <= number <= self.high:
            raise InputError(f"{value!r} is no whole number from {self.low} to {self.high}")
        return int(number)

    def position(self, value: Value) -> float:
        """Return where a value lies, from 0 to 1."""
        return _share(self.low, self.high, self.check(value), self.log)

    def at(self, position: float) -> int:
        """Return the nearest whole number."""
        return min(self.high, max(self.low, round(_between(self.low, self.high, position, self.log))))


@dataclass(frozen=True, slots=True)
class Floats:
    """Numbers from `low` to `high`, both included; with `log`, equal ratios are equal steps."""

    low: float
    high: float
    log: bool = False

    def __post_init__(self) -> None:
        _check_bounds(self.low, self.high, self.log)

    def check(self, value: Value) -> float:
        """Return the value as a float; raise InputError where it lies outside of the bounds."""
        number = float(_number(value, "number"))
        if not self.low <= number <= self.high:
            raise InputError(f"{value!r} does not lie from {self.low} to {self.high}")
        return number

    def position(self, value: Value) -> float:
        """Return where a value lies, from 0 to 1."""
        return _share(self.low, self.high, self.check(value), self.log)

    def at(self, position: float) -> float:
        """Return the value at a position."""
        return min(self.high, max(self.low, _between(self.low, self.high, position, self.log)))


@dataclass(frozen=True, slots=True)
class Choices:
    """One of some values, in an order of the user's; a switch is the choice of False and True."""

    values: tuple[Value, ...]

    def __post_init__(self) -> None:
        if len(self.values) < 2 or len({(type(value), value) for value in self.values}) < len(self.values):
            raise ConfigError(f"a choice needs at least two values, no two alike, not {self.values!r}")

    def _index(self, value: Value) -> int:
        for index, known in enumerate(self.values):
            if known == value and isinstance(known, bool) == isinstance(value, bool):
                return index
        raise InputError(f"{value!r} is none of {', '.join(map(repr, self.values))}")

    def check(self, value: Value) -> Value:
        """Return the value; raise InputError where it is none of the choices."""
        return self.values[self._index(value)]

    def position(self, value: Value) -> float:
        """Return where a value stands in the order, from 0 to 1."""
        return self._index(value) / (len(self.values) - 1)

    def at(self, position: float) -> Value:
        """Return the choice nearest to a position."""
        last = len(self.values) - 1
        return self.values[round(min(1.0, max(0.0, position)) * last)]


class Scope(StrEnum):
    """For what a value of a knob holds."""

    PROCESS = "process"
    REQUEST = "request"


@dataclass(frozen=True, slots=True)
class Knob:
    """A value of the application that may be changed while it runs.

    `scope` says whether each request may have its own value. One change moves it by at most the share
    `step_max` of its range. What is measured within `settle_s` after a change is not counted, since the
    application still warms up.
    """

    name: str
    default: Value
    domain: Domain
    scope: Scope = Scope.PROCESS
    step_max: float = 1.0
    settle_s: float = 0.0
    help: str = ""

    def __post_init__(self) -> None:
        if not self.name:
            raise ConfigError("a knob needs a name, such as 'batch_size'")
        if not 0.0 < self.step_max <= 1.0:
            raise ConfigError(f"step_max of {self.name!r} must be above 0, up to 1, not {self.step_max!r}")
        if not 0.0 <= self.settle_s < math.inf:
            raise ConfigError(f"settle_s of {self.name!r} must be 0 or more seconds, not {self.settle_s!r}")
        self.checked(self.default)

    def checked(self, value: Value) -> Value:
        """Return a value in the type of the domain; raise InputError naming the knob where it is none."""
        try:
            return self.domain.check(value)
        except InputError as error:
            raise InputError(f"knob {self.name!r}: {error}") from None

    def limited(self, before: Value, wanted: Value) -> Value:
        """Return the value nearest to what is wanted that one step from `before` may reach.

        >>> Knob("batch", 8, Integers(0, 100), step_max=0.1).limited(8, 64)
        18
        """
        start, end = self.domain.position(before), self.domain.position(wanted)
        if abs(end - start) <= self.step_max + 1e-12:
            return self.checked(wanted)
        return self.domain.at(start + math.copysign(self.step_max, end - start))
