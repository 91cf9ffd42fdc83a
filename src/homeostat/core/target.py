"""The target: what a user expects of a metric, as a value."""

from dataclasses import dataclass
from enum import StrEnum

from homeostat.core.series import Attributes


class Side(StrEnum):
    """On which side of the bound the good values lie."""

    BELOW = "<"
    AT_MOST = "<="
    ABOVE = ">"
    AT_LEAST = ">="

    @property
    def below(self) -> bool:
        """Whether smaller is better."""
        return self in (Side.BELOW, Side.AT_MOST)

    def holds(self, value: float, bound: float) -> bool:
        """Tell whether a value lies on the good side."""
        match self:
            case Side.BELOW:
                return value < bound
            case Side.AT_MOST:
                return value <= bound
            case Side.ABOVE:
                return value > bound
            case Side.AT_LEAST:
                return value >= bound


class Severity(StrEnum):
    """How bad a violation is."""

    WARNING = "warning"
    CRITICAL = "critical"

    @property
    def rank(self) -> int:
        """A number that grows with how bad it is."""
        return 2 if self is Severity.CRITICAL else 1


@dataclass(frozen=True, slots=True)
class Amount:
    """A number with its unit, as a person wrote it; the unit may be empty."""

    value: float
    unit: str = ""


@dataclass(frozen=True, slots=True)
class Beyond:
    """The values of a metric on one side of an amount, such as all that take more than 2 s."""

    side: Side
    amount: Amount


@dataclass(frozen=True, slots=True)
class Reading:
    """What is read of a metric: a statistic.

    `share` is the share of the bad among all: of the values `beyond` an amount, or of what `metric` counts
    among the values of `among`. The name of the metric is empty where the context gives it.
    """

    statistic: str
    metric: str = ""
    beyond: Beyond | None = None
    among: str = ""


@dataclass(frozen=True, slots=True)
class Burn:
    """The budget of bad events that a service level leaves: `share` of all over `period_ns`."""

    share: float
    period_ns: int


@dataclass(frozen=True, slots=True)
class Target:
    """A reading of some series over a window, and the bound that it is held against.

    `windows_ns` are the lengths of the windows: of several, all must tell of a violation; empty means the
    default. With a `burn`, the reading is a share and the bound is how many times as fast as allowed
    its budget is spent; without windows and bound of its own, `homeostat.judge.targets.burn_rate` chooses
    them. `where` selects series by their attributes; `by` names the attributes that keep series apart (`*`:
    every series for itself), all others are taken together.
    """

    reading: Reading
    side: Side
    bound: Amount
    windows_ns: tuple[int, ...] = ()
    burn: Burn | None = None
    where: Attributes = ()
    by: tuple[str, ...] = ()
