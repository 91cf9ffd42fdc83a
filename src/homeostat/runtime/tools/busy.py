"""The busy times: how many calls ran beside one, and which."""

from collections import Counter as Tally
from collections import defaultdict, deque
from dataclasses import dataclass

EVENTS_MAX = 10_000
"""Begins and ends that are remembered: of a call that outlasts so many nothing is told."""


@dataclass(frozen=True, slots=True)
class Mark:
    """A call's begin: what ran then, itself included, and how many begins and ends there had been."""

    at_ns: int
    events: int
    running: dict[str, int]


@dataclass(frozen=True, slots=True)
class Company:
    """What ran beside a call: the mean number of calls at once, itself included, and the share of the time
    in which each tool, or another call of the same, ran."""

    width: float
    beside: dict[str, float]


class Busy:
    """Remembers begins and ends of calls, as far back as calls that run may ask for."""

    def __init__(self) -> None:
        self._running: Tally[str] = Tally()
        self._events: deque[tuple[int, str, int]] = deque(maxlen=EVENTS_MAX)
        self._count = 0

    def begin(self, tool: str, now_ns: int) -> Mark:
        """Note that a call begins."""
        self._note(now_ns, tool, 1)
        return Mark(now_ns, self._count, dict(self._running))

    def end(self, tool: str, now_ns: int, begun: Mark, within_ns: float) -> Company | None:
        """Note that a call ends; return its company in its first `within_ns`, None where it took none.

        Looked at to its end, a call that takes long by itself would seem to have had little company, since
        the others end before it.
        """
        self._note(now_ns, tool, -1)
        end_ns = min(now_ns, begun.at_ns + within_ns)
        behind = self._count - begun.events
        if end_ns <= begun.at_ns or behind > len(self._events):
            return None
        running, at_ns = Tally(begun.running), float(begun.at_ns)
        area_ns = 0.0
        with_ns: dict[str, float] = defaultdict(float)
        events = [self._events[-n] for n in range(behind, 0, -1)]
        for event_ns, other, step in [*events, (end_ns, "", 0)]:
            passed_ns = min(event_ns, end_ns) - at_ns
            if passed_ns > 0.0:
                area_ns += passed_ns * running.total()
                for name, number in running.items():
                    with_ns[name] += passed_ns if number > (name == tool) else 0.0
                at_ns += passed_ns
            if event_ns >= end_ns:
                break
            running[other] += step
        whole_ns = end_ns - begun.at_ns
        return Company(area_ns / whole_ns, {name: ns / whole_ns for name, ns in with_ns.items()})

    def _note(self, now_ns: int, tool: str, step: int) -> None:
        self._running[tool] += step
        if not self._running[tool]:
            del self._running[tool]
        self._events.append((now_ns, tool, step))
        self._count += 1
