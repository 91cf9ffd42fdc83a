"""The circuit: decides whether calls go through, from what became of earlier ones; time is an argument."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from homeostat.core.clock import SECOND_NS
from homeostat.runtime.limits.outcome import Outcome
from homeostat.runtime.limits.outcome_window import OutcomeWindow

DOUBLINGS_MAX = 3
"""A circuit that opens again and again stays open twice as long each time, up to 8 times `open_s`."""


class State(StrEnum):
    """Whether calls go through."""

    CLOSED = "closed"
    HALF_OPEN = "half_open"
    OPEN = "open"


CLOSED = State.CLOSED
"""Held by a name of its own, since looking a member up takes 20 ns of a call's microsecond."""


@dataclass(frozen=True, slots=True)
class Rules:
    """When a circuit opens and how it closes again.

    It opens where, among at least `calls_min` calls of the last `window_s` seconds, the share that failed
    reaches `failure_share`, or the share that was slow `slow_share`. After `open_s` it lets `probes` calls
    through, and closes once that many went well. Probes that are not back after `probe_s` count as failed.
    """

    failure_share: float
    slow_share: float
    calls_min: int
    open_s: float
    probes: int
    probe_s: float


@dataclass(slots=True, eq=False)
class Phase:
    """A stretch of time in one state. What a call came to counts only in the phase in which it was begun."""

    state: State
    until_ns: int = 0
    """When an open one lets probes through, and when a half-open one waits for them no longer."""
    probes: int = 0
    begun: int = 0
    succeeded: int = 0


class Circuit:
    """A circuit breaker's state machine (Nygard, Release It!, 2007) with a cap on its probes.

    Guarantee: while half-open, the calls let through are at most `probes` altogether, not counting those
    whose callers went away; one that fails or is slow opens it again. Not safe for threads, except for
    reading `phase`. `rules` is asked when anything but success is judged, `window_s` once a tenth of it.
    """

    __slots__ = ("_opened", "_rules", "_window", "_window_s", "phase")

    def __init__(self, rules: Callable[[], Rules], window_s: Callable[[], float]) -> None:
        self._rules = rules
        self._window_s = window_s
        self._close()

    def _close(self) -> None:
        self._window = OutcomeWindow(self._window_s)
        self._opened = 0
        self.phase = Phase(State.CLOSED)

    def open(self, now_ns: int) -> None:
        """Let nothing through from now on, for twice as long as the last time where it never closed since."""
        open_ns = round(self._rules().open_s * SECOND_NS) << min(self._opened, DOUBLINGS_MAX)
        self._opened += 1
        self.phase = Phase(State.OPEN, now_ns + open_ns)

    def admit(self, now_ns: int) -> Phase | None:
        """Return the phase in which a call is begun now, None where it must not be."""
        phase = self.phase
        if phase.state is State.CLOSED:
            return phase
        if now_ns >= phase.until_ns:
            if phase.state is State.HALF_OPEN and phase.begun > 0:
                self.open(now_ns)
                return None
            rules = self._rules()
            until_ns = now_ns + round(rules.probe_s * SECOND_NS)
            phase = self.phase = Phase(State.HALF_OPEN, until_ns, rules.probes)
        if phase.state is State.OPEN or phase.begun >= phase.probes:
            return None
        phase.begun += 1
        return phase

    def record_success(self, phase: Phase, now_ns: int) -> bool:
        """Take in a success where that decides nothing, False where it has to go through `record`.

        Any thread may call it, without a lock: without the interpreter's own lock a success may be lost to
        another thread's, which is cheaper than what a lock takes of every call.
        """
        if phase is not self.phase or phase.state is not CLOSED:
            return False
        return self._window.add_success(now_ns)

    def record(self, phase: Phase, now_ns: int, outcome: Outcome) -> None:
        """Take in what became of a call that was begun in a phase."""
        if phase is not self.phase:
            return
        if phase.state is State.HALF_OPEN:
            self._record_probe(phase, now_ns, outcome)
        elif outcome is not Outcome.ABANDONED:
            self._window.add(now_ns, outcome)
            if outcome is not Outcome.OK and self._is_too_much(now_ns):
                self.open(now_ns)

    def _record_probe(self, phase: Phase, now_ns: int, outcome: Outcome) -> None:
        if outcome is Outcome.ABANDONED:
            phase.begun -= 1
        elif outcome is not Outcome.OK:
            self.open(now_ns)
        else:
            phase.succeeded += 1
            if phase.succeeded >= phase.probes:
                self._close()

    def _is_too_much(self, now_ns: int) -> bool:
        rules, totals = self._rules(), self._window.totals(now_ns)
        return totals.calls >= rules.calls_min and (
            totals.failed >= rules.failure_share * totals.calls
            or totals.slow >= rules.slow_share * totals.calls
        )

    def retry_after_s(self, now_ns: int) -> float:
        """Return when trying again may make sense: when the phase ends, sooner where probes are under way."""
        left_s = max(0, self.phase.until_ns - now_ns) / SECOND_NS
        return min(left_s, self._rules().open_s) if self.phase.state is State.HALF_OPEN else left_s
