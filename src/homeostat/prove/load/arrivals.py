"""Arrivals: when requests come, and how large they are."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import msgspec
import numpy as np

from homeostat.core.errors import ConfigError

BLOCK_TOKENS = 512
"""Tokens of a prompt that one of its `prefix_blocks` stands for (Mooncake, FAST 2025)."""


class Arrival(msgspec.Struct, frozen=True):
    """One request of a trace.

    `time_s` counts from the first arrival of the trace. `prefix_blocks` names the blocks of 512 tokens
    that the prompt begins with: equal ids are equal blocks behind equal prefixes. It is empty where the
    trace does not say.
    """

    time_s: float
    input_tokens: int
    output_tokens: int
    prefix_blocks: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Phase:
    """A stretch of time during which requests come at one mean rate."""

    duration_s: float
    rate_per_s: float

    def __post_init__(self) -> None:
        for name in ("duration_s", "rate_per_s"):
            if not 0.0 <= getattr(self, name) < math.inf:
                raise ConfigError(
                    f"{name} of a phase must be a number of at least 0, not {getattr(self, name)!r}"
                )


@dataclass(frozen=True, slots=True)
class Size:
    """How large generated requests are: log-normal around the medians, with `spread` in natural logs."""

    input_tokens: int = 400
    output_tokens: int = 120
    spread: float = 0.5


def phased(phases: Sequence[Phase], *, seed: int = 0, size: Size | None = None) -> Iterator[Arrival]:
    """Yield the arrivals of a Poisson process whose rate is that of each phase in turn.

    A phase with a high rate between calm ones is a burst. The same seed gives the same arrivals.
    """
    random = np.random.default_rng(seed)
    shape = size or Size()
    begin_s = 0.0
    for phase in phases:
        count = int(random.poisson(phase.rate_per_s * phase.duration_s))
        times_s = np.sort(random.uniform(begin_s, begin_s + phase.duration_s, count))
        factors = np.exp(random.normal(0.0, shape.spread, (count, 2)))
        for time_s, (more_in, more_out) in zip(times_s.tolist(), factors.tolist(), strict=True):
            yield Arrival(
                time_s,
                max(1, round(shape.input_tokens * more_in)),
                max(1, round(shape.output_tokens * more_out)),
            )
        begin_s += phase.duration_s


def poisson(
    rate_per_s: float, duration_s: float, *, seed: int = 0, size: Size | None = None
) -> Iterator[Arrival]:
    """Yield the arrivals of a Poisson process of one rate."""
    return phased((Phase(duration_s, rate_per_s),), seed=seed, size=size)
