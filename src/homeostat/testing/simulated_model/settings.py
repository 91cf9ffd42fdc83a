"""The settings of the simulated model: one frozen value, built at the edge."""

from dataclasses import dataclass, field

from homeostat.core.errors import ConfigError
from homeostat.testing.queueing import Service


@dataclass(frozen=True, slots=True)
class Faults:
    """What goes wrong on purpose; each rate is the share of requests that it befalls.

    `slow_down` multiplies all times of service. `slots`, where set, replaces the capacity. A stall
    holds back the rest of an answer for `stall_s` after half of it.
    """

    slow_down: float = 1.0
    slots: int | None = None
    error_rate: float = 0.0
    limit_rate: float = 0.0
    retry_after_s: float = 1.0
    stall_rate: float = 0.0
    stall_s: float = 2.0

    def __post_init__(self) -> None:
        for name in ("error_rate", "limit_rate", "stall_rate"):
            if not 0.0 <= getattr(self, name) <= 1.0:
                raise ConfigError(f"{name} must lie in [0, 1], not {getattr(self, name)!r}")
        if not 0.0 < self.slow_down < 1e6:
            raise ConfigError(f"slow_down must be a number above 0, not {self.slow_down!r}")
        if not (0.0 <= self.retry_after_s < 1e6 and 0.0 <= self.stall_s < 1e6):
            raise ConfigError("retry_after_s and stall_s must be seconds of at least 0")
        if self.slots is not None and self.slots < 0:
            raise ConfigError(f"slots must be at least 0, not {self.slots!r}")


@dataclass(frozen=True, slots=True)
class Settings:
    """How the simulated model works; `answer_tokens` is the median length of an answer that no limit cuts."""

    service: Service = field(default_factory=Service)
    faults: Faults = field(default_factory=Faults)
    seed: int = 0
    answer_tokens: int = 120
    cache_block_tokens: int = 128
    cache_blocks: int = 50_000
    cache_tokens_min: int = 1_024
    chunk_s: float = 0.02

    def __post_init__(self) -> None:
        if self.service.slots < 1:
            raise ConfigError(f"slots must be at least 1, not {self.service.slots!r}")
        for name in ("answer_tokens", "cache_block_tokens"):
            if getattr(self, name) < 1:
                raise ConfigError(f"{name} must be at least 1, not {getattr(self, name)!r}")
