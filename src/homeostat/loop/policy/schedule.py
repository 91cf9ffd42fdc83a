"""The schedule: how often the loop analyses, optimises, and validates what it kept."""

from dataclasses import dataclass

from homeostat.core.clock import DAY_NS, HOUR_NS
from homeostat.core.errors import ConfigError

ALWAYS, NEVER = 0, -1
OPEN = 0.25
"""The share of each period in which trials for gain may begin."""

FIRST = 0.1
"""The first analysis comes after this share of its period."""


@dataclass(frozen=True, slots=True)
class Schedule:
    """Lengths of time between rounds; `NEVER` leaves one out.

    Measuring never stops. Patterns of what goes wrong are learned each `analysis_ns`. Trials for gain begin
    in the first quarter of each `optimisation_ns`, counted from the first entry of the ledger, at any time
    where it is `ALWAYS`; help for a violated target never waits. What was kept is tried against how it was
    before once each `validation_ns`.
    """

    analysis_ns: int = HOUR_NS
    optimisation_ns: int = ALWAYS
    validation_ns: int = 7 * DAY_NS

    def __post_init__(self) -> None:
        for name in ("analysis_ns", "optimisation_ns", "validation_ns"):
            value = getattr(self, name)
            always = name == "optimisation_ns" and value == ALWAYS
            if value != NEVER and not always and value < 1:
                raise ConfigError(f"[schedule] {name.removesuffix('_ns')} must be a length of time or never")

    def optimising(self, now_ns: int, anchor_ns: int) -> bool:
        """Tell whether trials for gain may begin now; `anchor_ns` is when the first round began.

        >>> daily = Schedule(optimisation_ns=DAY_NS)
        >>> [daily.optimising(hour * HOUR_NS, 0) for hour in (0, 5, 6, 23, 24)]
        [True, True, False, False, True]
        """
        if self.optimisation_ns in (ALWAYS, NEVER):
            return self.optimisation_ns == ALWAYS
        return (now_ns - anchor_ns) % self.optimisation_ns < OPEN * self.optimisation_ns

    def first_analysis_ns(self, now_ns: int) -> int:
        """Return the time in whose place the analysis before the first one is taken to have been."""
        return now_ns - round((1.0 - FIRST) * self.analysis_ns)
