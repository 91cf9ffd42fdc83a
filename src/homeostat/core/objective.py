"""The objective: what of a request shall get better, and what must not get worse meanwhile."""

from dataclasses import dataclass
from enum import StrEnum

from homeostat.core.errors import ConfigError
from homeostat.core.metric import Better


class Summary(StrEnum):
    """The one number that is made of the values of many requests."""

    MEAN = "mean"
    SHARE = "share"
    P50 = "p50"
    P90 = "p90"
    P95 = "p95"
    P99 = "p99"

    @property
    def quantile(self) -> float | None:
        """The share of values below it, None for what is no quantile."""
        return int(self[1:]) / 100 if self.startswith("p") else None


@dataclass(frozen=True, slots=True)
class Measure:
    """A measure of requests, summed up.

    `name` is `duration` (ms), `cost` (USD), `tokens`, `errors` (0 or 1) of a request, `throughput` (requests
    a second; only where time is divided, not requests), or one that the application reports by its own
    name, such as `quality`. A SHARE is the mean of zeros and ones.
    """

    name: str
    summary: Summary = Summary.MEAN
    better: Better = Better.LOWER

    def __post_init__(self) -> None:
        if self.better is Better.NEITHER:
            raise ConfigError(f"say of {self.name!r} whether lower or higher is better")

    @property
    def words(self) -> str:
        """Such as `p95 of duration`."""
        return f"{self.summary.value} of {self.name}"


@dataclass(frozen=True, slots=True)
class Term:
    """A part of an objective: a measure and how much its relative change counts."""

    measure: Measure
    weight: float = 1.0


@dataclass(frozen=True, slots=True)
class Objective:
    """What shall get better of one operation (empty: of every whole request).

    The effect of a change on it is the weighted mean of the relative changes of its terms, each counted so
    that below zero is better: measures of different units are comparable that way. A change is kept only
    where the interval of that effect lies below `-gain_min`; or, of a change that is made for no gain, below
    `worse_max`, if that is above zero.
    """

    terms: tuple[Term, ...]
    operation: str = ""
    gain_min: float = 0.0
    worse_max: float = 0.0

    def __post_init__(self) -> None:
        if not self.terms or any(not 0 < term.weight < float("inf") for term in self.terms):
            raise ConfigError("an objective needs at least one measure, each with a weight above 0")
        if not 0.0 <= self.gain_min < 1.0:
            raise ConfigError(f"gain_min is a share from 0 to below 1, not {self.gain_min!r}")
        if not 0.0 <= self.worse_max < float("inf"):
            raise ConfigError(f"worse_max is a share from 0 on, not {self.worse_max!r}")

    @property
    def bound(self) -> float:
        """Below which a relative effect must lie for its change to be kept."""
        return self.worse_max or -self.gain_min

    @property
    def words(self) -> str:
        """Such as `p95 of duration and mean of cost`."""
        return " and ".join(term.measure.words for term in self.terms)


@dataclass(frozen=True, slots=True)
class Guardrail:
    """What must not get worse, and by how much at most: relative to the control, or in the measure's unit."""

    measure: Measure
    worse_max: float
    relative: bool = True

    def __post_init__(self) -> None:
        if not 0.0 < self.worse_max < float("inf"):
            raise ConfigError(
                f"the guardrail on {self.measure.name} must allow something above 0 to get worse, "
                f"not {self.worse_max!r}: no number of requests proves a difference of exactly 0"
            )

    @property
    def words(self) -> str:
        """Such as `mean of quality worse by at most 1%`."""
        much = f"{self.worse_max:.3g}" if not self.relative else f"{self.worse_max * 100:.4g}%"
        return f"{self.measure.words} worse by at most {much}"
