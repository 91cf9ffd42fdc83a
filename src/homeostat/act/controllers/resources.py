"""Resources: what to do when memory, CPU or input and output run short."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from homeostat.act.controller import Situation, for_no_gain
from homeostat.core.change import Change, Move, shown
from homeostat.core.clock import SECOND_NS
from homeostat.core.errors import ConfigError
from homeostat.core.knob import Choices
from homeostat.core.proof import Decision


class Resource(StrEnum):
    """What an application can run short of."""

    MEMORY = "memory"
    CPU = "cpu"
    IO = "io"


@dataclass(frozen=True, slots=True)
class Gauge:
    """The reading that tells how much of a resource is in use, and which shares of `full` are much.

    Above `high` it is short, above `critical` badly so, below `low` there is plenty.
    """

    resource: Resource
    metric: str
    low: float = 0.6
    high: float = 0.85
    critical: float = 0.95
    full: float = 1.0

    def __post_init__(self) -> None:
        if not 0.0 <= self.low < self.high < self.critical <= 1.0:
            raise ConfigError(
                f"the gauge of {self.resource.value} needs 0 <= low < high < critical <= 1, "
                f"not {self.low!r}, {self.high!r}, {self.critical!r}"
            )
        if not 0.0 < self.full < math.inf:
            raise ConfigError(f"full of the gauge of {self.resource.value} is above 0, not {self.full!r}")

    def pressure(self, value: float) -> float:
        """Return how short the resource is: 0 up to `high`, 1 for nothing left."""
        return min(1.0, max(0.0, (value - self.high) / (1.0 - self.high)))


GAUGES = (
    Gauge(Resource.MEMORY, "system.memory.utilization"),
    Gauge(Resource.CPU, "system.cpu.utilization"),
    Gauge(Resource.IO, "system.disk.latency", full=100.0, low=0.1, high=0.3, critical=0.9),
)
"""Those of the metric catalogue; the disk is short where an access takes 30 ms."""


@dataclass(frozen=True, slots=True)
class ResourceKnob:
    """A knob that relieves a resource when it is moved: down (a cache, a concurrency) or up (a batch, the
    time between two writes). `share` is how far at once, of its range."""

    name: str
    resource: Resource
    up: bool = False
    share: float = 0.25


@dataclass(frozen=True, slots=True)
class Remedy:
    """Something that the application can do about a resource and that is no knob: collect garbage, trim
    caches, consolidate a store. The caller has the function by its name; the gentlest has the lowest rank."""

    name: str
    resource: Resource
    rank: int = 0
    every_s: float = 300.0


@dataclass(frozen=True, slots=True)
class Relief:
    """A remedy that is due, and why."""

    remedy: str
    resource: Resource
    reason: str
    urgent: bool


@dataclass(frozen=True, slots=True)
class Resources:
    """Relieves resources that run short, and gives back what they no longer need.

    `reliefs` names the remedies that are due: the gentlest, or all where a resource is badly short. `propose`
    moves knobs, further the shorter the resource is; with plenty of it again they go back, a step at a time,
    to where they were before. Give memory its remedies and CPU its concurrency: what relieves one
    may cost the other.

    Readings are by the metric's name. What is not measured is not judged. Pure: calling the remedies, and
    remembering when, is up to the caller.
    """

    knobs: tuple[ResourceKnob, ...] = ()
    remedies: tuple[Remedy, ...] = ()
    gauges: tuple[Gauge, ...] = GAUGES
    name: str = "resources"
    rest_s: float = 60.0
    forget_s: float = 1_800.0

    def __post_init__(self) -> None:
        measured = [gauge.resource for gauge in self.gauges]
        if len(set(measured)) < len(measured):
            raise ConfigError(f"each resource needs one gauge, not {', '.join(measured)}")

    def pressures(self, situation: Situation) -> Mapping[Resource, float]:
        """Return how short each measured resource is, from 0 to 1; what the hormones are told."""
        return {
            g.resource: g.pressure(value) for g in self.gauges if (value := _value(g, situation)) is not None
        }

    def reliefs(self, situation: Situation, done_ns: Mapping[str, int]) -> tuple[Relief, ...]:
        """Return the remedies that are due; `done_ns` is when each was last used."""
        found = []
        for gauge in self.gauges:
            value = _value(gauge, situation)
            if value is None or value <= gauge.high:
                continue
            due = [r for r in self._remedies(gauge.resource) if self._is_due(r, situation, done_ns)]
            badly = value > gauge.critical
            why = f"{_said(gauge, value)}, above {gauge.high:.0%}"
            found += [Relief(r.name, gauge.resource, why, badly) for r in (due if badly else due[:1])]
        return tuple(sorted(found, key=lambda relief: not relief.urgent))

    def propose(self, situation: Situation) -> tuple[Change, ...]:
        """Return moves of knobs for the resources that are short, then those that give back."""
        found: list[Change] = []
        for gauge in self.gauges:
            value = _value(gauge, situation)
            if value is None:
                continue
            own = [knob for knob in self.knobs if knob.resource is gauge.resource]
            if value > gauge.high:
                found += [
                    c for knob in own if (c := self._relieve(knob, gauge, value, situation)) is not None
                ]
            elif value < gauge.low:
                found += [
                    c for knob in own if (c := self._give_back(knob, gauge, value, situation)) is not None
                ]
        return tuple(sorted(found, key=lambda change: not change.urgent))

    def _remedies(self, resource: Resource) -> list[Remedy]:
        return sorted((r for r in self.remedies if r.resource is resource), key=lambda r: r.rank)

    def _is_due(self, remedy: Remedy, at: Situation, done_ns: Mapping[str, int]) -> bool:
        last = done_ns.get(remedy.name)
        return last is None or (at.now_ns - last) / SECOND_NS >= remedy.every_s

    def _relieve(self, own: ResourceKnob, gauge: Gauge, value: float, at: Situation) -> Change | None:
        knob = at.knobs.get(own.name)
        if knob is None or self._rests(own, at, relieving=True):
            return None
        now = at.configuration[own.name]
        position = knob.domain.position(now)
        share = own.share * (1.0 + gauge.pressure(value))
        after = knob.limited(now, knob.domain.at(position + (share if own.up else -share)))
        if after == now and not isinstance(knob.domain, Choices):
            after = knob.limited(now, knob.domain.at(1.0 if own.up else 0.0))
        if after == now:
            return None
        reason = f"{_said(gauge, value)}, above {gauge.high:.0%}: {own.name} to {shown(after)}."
        labels = {"strategy": self.name, **for_no_gain(at)}
        return Change(
            (Move(own.name, now, after),), self.name, reason, (), None, value > gauge.critical, labels
        )

    def _give_back(self, own: ResourceKnob, gauge: Gauge, value: float, at: Situation) -> Change | None:
        knob = at.knobs.get(own.name)
        origin = self._origin(own, at)
        if knob is None or origin is None or self._rests(own, at, relieving=False):
            return None
        now = at.configuration[own.name]
        goal, position = knob.domain.position(origin), knob.domain.position(now)
        step = math.copysign(min(own.share, abs(goal - position)), goal - position)
        after = knob.limited(now, knob.domain.at(position + step))
        if after == now:
            after = knob.limited(now, origin)
        if after == now:
            return None
        reason = f"{_said(gauge, value)}, below {gauge.low:.0%}: {own.name} back to {shown(after)}."
        return Change(
            (Move(own.name, now, after),), self.name, reason, (), None, False, {"strategy": self.name}
        )

    def _origin(self, own: ResourceKnob, at: Situation) -> bool | int | float | str | None:
        """Return where a knob stood before this controller moved it, None where somebody else did since."""
        origin = last = None
        for t in at.history:
            for move in t.change.moves:
                if move.knob != own.name or t.proof.decision is not Decision.KEEP:
                    continue
                if t.change.by != self.name:
                    origin = None
                elif origin is None:
                    origin = move.before
                last = move.after
                if last == origin:
                    origin = None
        return origin if last == at.configuration.get(own.name) else None

    def _rests(self, own: ResourceKnob, at: Situation, relieving: bool) -> bool:
        for t in at.history:
            for move in (m for m in t.change.moves if m.knob == own.name and t.change.by == self.name):
                age_s = (at.now_ns - t.proof.end_ns) / SECOND_NS
                knob = at.knobs[own.name]
                went_up = knob.domain.position(move.after) > knob.domain.position(move.before)
                same_way = (went_up == own.up) == relieving
                kept = t.proof.decision is Decision.KEEP
                if age_s < (self.rest_s if kept else self.forget_s if same_way else 0.0):
                    return True
        return False


def _value(gauge: Gauge, at: Situation) -> float | None:
    reading = at.readings.get(gauge.metric)
    return None if reading is None or not math.isfinite(reading.value) else reading.value / gauge.full


def _said(gauge: Gauge, value: float) -> str:
    of = "" if gauge.full == 1.0 else f" of {gauge.full:g}"
    return f"{gauge.metric} is {value:.0%}{of}"
