"""The mood: what happens is told to the endocrine state, which all controllers read."""

import math
from collections import deque
from collections.abc import Mapping

from homeostat.act.controller import Judged, Reading, Trialled
from homeostat.act.controllers.gauge import GAUGES, Resource
from homeostat.act.controllers.regime import regime
from homeostat.act.endocrine import Endocrine, Event, EventKind, step
from homeostat.core.clock import MINUTE_NS, SECOND_NS
from homeostat.core.proof import Decision
from homeostat.core.verdict import State

GAIN_FULL = 0.1
"""A gain of a tenth releases all the dopamine that one event can."""

SPIKE_RATIO = 2.5
CPU, BUSY = Resource.CPU, 0.15
"""A busy processor is no trouble by itself: alone it strains, but does not end exploration."""

USUAL_HALF_LIFE_NS = 30 * MINUTE_NS
"""How slowly the usual load follows the load."""


LOADS_EVERY_NS = 10 * SECOND_NS
LOADS_MAX = 2_000


class Mood:
    """Turns verdicts, proofs and load into events, and steps the endocrine state with them.

    The usual load is an average that forgets with a half-life of 30 minutes; a spike is 2.5 times that.
    Without `hormones` nothing moves the levels: they stay at their bases, which change nothing.
    """

    def __init__(self, now_ns: int, hormones: bool = True) -> None:
        """Begin at rest."""
        self._hormones = hormones
        self.levels = Endocrine()
        self._felt_ns = now_ns
        self._proofs_seen_ns = now_ns
        self._violated: frozenset[str] = frozenset()
        self._usual_per_s = math.nan
        self._loads: deque[float] = deque(maxlen=LOADS_MAX)
        self._loaded_ns = now_ns
        self.regime = ""

    def take_load(self, now_ns: int, load_per_s: float) -> str:
        """Return the regime of the workload, told anew each ten seconds."""
        if now_ns - self._loaded_ns >= LOADS_EVERY_NS:
            self._loaded_ns = now_ns
            self.regime = regime(load_per_s, list(self._loads), self.regime)
            self._loads.append(load_per_s)
        return self.regime

    def feel(
        self,
        now_ns: int,
        judged: tuple[Judged, ...],
        load_per_s: float,
        slack: float | None,
        history: tuple[Trialled, ...],
        levels: Mapping[str, Reading] | None = None,
    ) -> Endocrine:
        """Return the levels now, after what happened since the last call.

        `levels` are those of gauges, by which resources are told to run short.
        """
        if not self._hormones:
            return self.levels
        elapsed_ns = max(now_ns - self._felt_ns, 0)
        events = [
            *self._proven(history),
            *self._verdicts(judged),
            *self._load(load_per_s, elapsed_ns),
            *_pressures(levels or {}),
        ]
        if slack is not None and slack > 0.0:
            events.append(Event(EventKind.SLACK, min(slack, 1.0)))
        self.levels = step(self.levels, events, elapsed_ns / SECOND_NS)
        self._felt_ns = max(now_ns, self._felt_ns)
        return self.levels

    def _proven(self, history: tuple[Trialled, ...]) -> list[Event]:
        found = []
        newest_ns = self._proofs_seen_ns
        for tried in reversed(history):
            proof = tried.proof
            if proof.end_ns <= self._proofs_seen_ns:
                break
            newest_ns = max(newest_ns, proof.end_ns)
            estimate = proof.effect.estimate
            if proof.decision is Decision.KEEP and estimate is not None:
                found.append(Event(EventKind.GAIN, min(max(-estimate, 0.0) / GAIN_FULL, 1.0)))
            elif any(check.state is State.VIOLATED for check in proof.guardrails):
                found.append(Event(EventKind.LOSS))
        self._proofs_seen_ns = newest_ns
        return found

    def _verdicts(self, judged: tuple[Judged, ...]) -> list[Event]:
        violated = frozenset(j.target for j in judged if j.verdict.state is State.VIOLATED)
        found = [Event(EventKind.ALERT)] if violated - self._violated else []
        self._violated = violated
        if violated:
            found.append(Event(EventKind.VIOLATION, len(violated) / len(judged)))
        elif judged and all(j.verdict.state is State.WITHIN for j in judged):
            found.append(Event(EventKind.CALM))
        return found

    def _load(self, load_per_s: float, elapsed_ns: int) -> list[Event]:
        usual = self._usual_per_s
        if not math.isfinite(usual):
            self._usual_per_s = load_per_s if load_per_s > 0 else math.nan
            return []
        kept = 0.5 ** (elapsed_ns / USUAL_HALF_LIFE_NS)
        self._usual_per_s = usual * kept + load_per_s * (1.0 - kept)
        return [Event(EventKind.SPIKE)] if load_per_s > SPIKE_RATIO * usual > 0 else []


def _pressures(levels: Mapping[str, Reading]) -> list[Event]:
    """Return an event for each resource that runs short."""
    short = (
        gauge.pressure(share) * (BUSY if gauge.resource is CPU else 1.0)
        for gauge in GAUGES
        if (share := gauge.share(levels)) is not None
    )
    return [Event(EventKind.PRESSURE, size) for size in short if size > 0.0]
