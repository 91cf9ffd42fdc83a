"""The subscription: what one subscriber does with the events of each kind, and how often it tries."""

import inspect
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

from homeostat.core.errors import ConfigError
from homeostat.runtime.bus.kind import Kind

Handler = Callable[[Any], Awaitable[None] | None]


@dataclass(frozen=True, slots=True)
class Handling:
    """A kind with the function that its events are handed to."""

    kind: Kind[Any]
    handler: Handler
    awaits: bool


@dataclass(frozen=True, slots=True)
class Patience:
    """How long a handler may take, how often it may fail, and how long is waited after the first failure."""

    failures_max: int = 5
    timeout_s: float = 60.0
    first_s: float = 0.1
    longest_s: float = 30.0

    def __post_init__(self) -> None:
        if self.failures_max < 1:
            raise ConfigError(f"failures_max of a subscriber is 1 or more, not {self.failures_max!r}")
        if not self.timeout_s > 0 or not 0 < self.first_s <= self.longest_s:
            raise ConfigError(
                f"timeout_s and first_s of a subscriber are above 0, and first_s at most longest_s, not "
                f"{self.timeout_s!r}, {self.first_s!r} and {self.longest_s!r}"
            )

    def wait_s(self, failures: int) -> float:
        """Return how long to wait after so many failures: twice as long each time."""
        return min(self.longest_s, self.first_s * 2.0 ** min(failures - 1, 40))


@dataclass(slots=True)
class Subscription:
    """A subscriber. One that is `live` belongs to this process: it knows no past and leaves no trace."""

    name: str
    live: bool
    patience: Patience
    handlings: dict[str, Handling] = field(default_factory=dict)

    def add(self, kind: Kind[Any], handler: Handler) -> None:
        """Hand events of a kind to a function."""
        if kind.name in self.handlings:
            raise ConfigError(f"subscriber {self.name!r} has a handler of {kind.name!r} already")
        self.handlings[kind.name] = Handling(kind, handler, inspect.iscoroutinefunction(handler))
