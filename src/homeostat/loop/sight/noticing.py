"""The noticing: what changes by itself while no knob is turned, told once and while it happens."""

from collections import deque
from collections.abc import Iterable

from homeostat.core.clock import HOUR_NS
from homeostat.core.finding import Course, Finding, FindingKind
from homeostat.core.metric import Better
from homeostat.core.objective import Measure
from homeostat.judge.words.moment_words import moment_words
from homeostat.stats.change_monitor import ChangeMonitor

RUN_LENGTH = 20_000.0
"""Slices of 10 s that pass on average until a change is told that is none: two days for each measure."""

FINDINGS_MAX = 20
KEPT_NS = 6 * HOUR_NS


class Noticing:
    """A change monitor for each measure, fed with the mean of each slice of time.

    Its guarantee is that of `ChangeMonitor`. After a knob was turned it begins anew, since that change is no
    finding. Cost: 5 us a value.
    """

    def __init__(self, measures: Iterable[Measure]) -> None:
        self._better = {measure.name: measure.better for measure in measures}
        self._monitors: dict[str, ChangeMonitor] = {}
        self._times_ns: dict[str, deque[int]] = {}
        self._findings: deque[Finding] = deque(maxlen=FINDINGS_MAX)

    def restart(self) -> None:
        """Learn what is usual anew; what was found stays."""
        self._monitors.clear()
        self._times_ns.clear()

    def take(self, name: str, mean: float, start_ns: int, now_ns: int) -> None:
        """Take the mean that a measure had over a slice of time that is over."""
        better = self._better.get(name)
        if better is None:
            return
        monitor = self._monitors.setdefault(name, ChangeMonitor(RUN_LENGTH))
        times_ns = self._times_ns.setdefault(name, deque(maxlen=1_000))
        times_ns.append(start_ns)
        change = monitor.update(mean)
        if change is None or change.shift is None:
            return
        at_ns = times_ns[max(change.index - change.at - 1, -len(times_ns))]
        rises = change.shift.difference > 0
        course = Course.WORSE if rises == (better is Better.LOWER) else Course.BETTER
        size = None if change.shift.ratio is None else change.shift.ratio - 1.0
        size_words = "" if size is None else f"{size:+.0%}"
        when = moment_words(at_ns)
        self._findings.append(
            Finding(
                FindingKind.CHANGE,
                name,
                at_ns,
                when,
                course,
                size,
                size_words,
                f"{name} {'rose' if rises else 'fell'} by itself {size_words} at {when}".replace("  ", " "),
                now_ns,
            )
        )

    def findings(self, now_ns: int) -> tuple[Finding, ...]:
        """Return what was found in the last hours."""
        return tuple(f for f in self._findings if f.noticed_ns and f.noticed_ns > now_ns - KEPT_NS)
