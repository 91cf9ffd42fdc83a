"""Resources: what to do when memory, CPU or input and output run short."""

import math
from dataclasses import dataclass

from homeostat.act.controller import Situation, for_no_gain
from homeostat.act.controllers.gauge import GAUGES, Gauge, Resource
from homeostat.core.change import Change, Move, shown
from homeostat.core.clock import SECOND_NS
from homeostat.core.errors import ConfigError
from homeostat.core.knob import Choices
from homeostat.core.proof import Decision


@dataclass(frozen=True, slots=True)
class ResourceKnob:
    """A knob that relieves a resource when it is moved: down (a cache, a concurrency) or up (a batch, the
    time between two writes). `share` is how far at once, of its range."""

    name: str
    resource: Resource
    up: bool = False
    share: float = 0.25


@dataclass(frozen=True, slots=True)
class Resources:
    """Relieves resources that run short, and gives back what they no longer need.

    It moves knobs, further the shorter the resource is; with plenty of it again they go back, a step at a
    time, to where they were before. What is no knob, such as trimming a cache, the application hands in
    with `hs.relief`. What is not measured is not judged.
    """

    knobs: tuple[ResourceKnob, ...] = ()
    gauges: tuple[Gauge, ...] = GAUGES
    name: str = "resources"
    rest_s: float = 60.0
    forget_s: float = 1_800.0

    def __post_init__(self) -> None:
        measured = [gauge.resource for gauge in self.gauges]
        if len(set(measured)) < len(measured):
            raise ConfigError(f"each resource needs one gauge, not {', '.join(measured)}")

    def propose(self, situation: Situation) -> tuple[Change, ...]:
        """Return moves of knobs for the resources that are short, then those that give back."""
        found: list[Change] = []
        for gauge in self.gauges:
            value = gauge.share(situation.readings)
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
        reason = f"{gauge.words(value)}, above {gauge.high:.0%}: {own.name} to {shown(after)}."
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
        reason = f"{gauge.words(value)}, below {gauge.low:.0%}: {own.name} back to {shown(after)}."
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
