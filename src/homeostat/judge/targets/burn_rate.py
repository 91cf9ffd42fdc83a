"""The burn rate: how many times as fast as allowed a budget of bad events is spent.

The windows and thresholds are those of multi-window, multi-burn-rate alerting (Google, The Site Reliability
Workbook, 2018, chapter 5): a long window that shows that it matters, and a short one, a twelfth of it, that
shows that it still goes on.
"""

from dataclasses import dataclass

from homeostat.core.clock import DAY_NS, HOUR_NS
from homeostat.core.target import Severity


@dataclass(frozen=True, slots=True)
class BurnWindow:
    """A share of the budget that must not be spent within the long window."""

    severity: Severity
    long_ns: int
    budget_share: float

    @property
    def short_ns(self) -> int:
        """The window that shows that it still goes on."""
        return self.long_ns // 12

    def rate(self, period_ns: int) -> float:
        """The burn rate at which that share is spent in the long window.

        >>> round(WINDOWS[0].rate(30 * DAY_NS), 6), round(WINDOWS[3].rate(30 * DAY_NS), 6)
        (14.4, 1.0)
        """
        return self.budget_share * period_ns / self.long_ns


WINDOWS = (
    BurnWindow(Severity.CRITICAL, HOUR_NS, 0.02),
    BurnWindow(Severity.CRITICAL, 6 * HOUR_NS, 0.05),
    BurnWindow(Severity.WARNING, DAY_NS, 0.1),
    BurnWindow(Severity.WARNING, 3 * DAY_NS, 0.1),
)


def burn_windows(period_ns: int) -> tuple[BurnWindow, ...]:
    """Return the windows for a budget over a period: those that are shorter than a third of it."""
    return tuple(w for w in WINDOWS if 3 * w.long_ns <= period_ns)
