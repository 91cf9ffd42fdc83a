"""The collector: one source of readings, and what it says where there are none."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Protocol

import msgspec

from homeostat.core.series import Attributes


class Reading(msgspec.Struct, frozen=True, gc=False):
    """One value of a metric of the catalogue: of a counter, its increase since the last reading."""

    metric: str
    value: float
    attributes: Attributes = ()


class Collector(Protocol):
    """One source. Only the runner's thread calls it, in turn with the others.

    A reading is a fact: where the machine gives nothing, there is none, and `unavailable` says why.
    """

    name: str
    waits_for: Mapping[str, str]
    """For each metric whose first value does not come at once: what it waits for."""

    def collect(self, now_ns: int) -> Iterable[Reading]:
        """Return what can be read at a monotonic time; rates begin with the second call."""
        ...

    def unavailable(self) -> Mapping[str, str]:
        """Return the reason for each metric that cannot be read here."""
        ...

    def close(self) -> None:
        """Let go of files, hooks and threads."""
        ...


@dataclass(frozen=True, slots=True)
class Measured:
    """A metric that is being measured: the newest value of each of its series."""

    values: Mapping[Attributes, float]
    at_ns: int


@dataclass(frozen=True, slots=True)
class Waiting:
    """A metric that can be measured here and has no value yet, and what it waits for."""

    reason: str


@dataclass(frozen=True, slots=True)
class Unavailable:
    """A metric that is not available here, and why."""

    reason: str


State = Measured | Waiting | Unavailable
