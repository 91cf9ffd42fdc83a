"""The analysis: which requests go wrong, learned now and then from what requests came to."""

import numpy as np

from homeostat.act.controllers.failure_pattern import FailurePattern, failure_patterns
from homeostat.loop.policy.schedule import NEVER, Schedule
from homeostat.loop.sight.recent import Recent
from homeostat.stats.not_known import NotKnown

NO_TRAITS = frozenset({"duration", "errors", "cost", "throughput"})
PATTERNS_MAX = 10


class Analysis:
    """Learns failure patterns by the schedule, of durations and of errors.

    Traits of a request are its tokens and every number that the application reports of it. Cost: 0.1 s for
    10,000 requests with five traits.
    """

    def __init__(self, recent: Recent, schedule: Schedule, now_ns: int) -> None:
        self._recent = recent
        self._every_ns = schedule.analysis_ns
        self._looked_ns = schedule.first_analysis_ns(now_ns)
        self.patterns: tuple[tuple[str, FailurePattern], ...] = ()
        """What is worse (`duration`, `errors`), and the rule that tells where."""

    def look(self, now_ns: int) -> None:
        """Learn anew where that is due."""
        if self._every_ns == NEVER or 0 <= now_ns - self._looked_ns < self._every_ns:
            return
        self._looked_ns = now_ns
        columns = self._recent.columns()
        traits = {name: column for name, column in columns.items() if name not in NO_TRAITS}
        if not traits:
            self.patterns = ()
            return
        duration = np.where(columns["duration"] > 0.0, columns["duration"], np.nan)
        found = [("duration", one) for one in _patterns(traits, duration)]
        errors = columns.get("errors")
        if errors is not None and 0.0 < float(np.nanmean(errors)) < 1.0:
            found += [("errors", one) for one in _patterns(traits, errors > 0.0)]
        self.patterns = tuple(found[:PATTERNS_MAX])


def _patterns(
    traits: dict[str, np.ndarray[tuple[int], np.dtype[np.float64]]],
    outcome: np.ndarray[tuple[int], np.dtype[np.float64]] | np.ndarray[tuple[int], np.dtype[np.bool_]],
) -> tuple[FailurePattern, ...]:
    found = failure_patterns(traits, outcome)
    return () if isinstance(found, NotKnown) else found
