"""Capacity: workers, pools, caches and concurrency follow what will be needed."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from homeostat.act.controller import Line, Situation, for_no_gain
from homeostat.act.controllers.cap import Cap, fitted
from homeostat.act.controllers.need import Need, need
from homeostat.act.controllers.regime import HEAVY, LIGHT
from homeostat.core.change import Change, Move, shown
from homeostat.core.clock import SECOND_NS
from homeostat.core.errors import ConfigError
from homeostat.core.knob import Floats, Integers, Knob
from homeostat.core.proof import Decision
from homeostat.stats.not_known import NotKnown
from homeostat.stats.workload_pattern import workload_pattern

LOAD = "load_per_s"
"""The name of the line of requests a second; where there is one, bursts in it ask for more room."""

SATURATED = 0.95
"""Above this utilisation nobody knows how much more is asked for."""


class Allocation(StrEnum):
    """How much room is left above what is needed."""

    LIGHT = "light"
    MEDIUM = "medium"
    HEAVY = "heavy"

    @property
    def aim(self) -> float:
        """The utilisation that capacity is chosen for."""
        return {Allocation.LIGHT: 0.75, Allocation.MEDIUM: 0.65, Allocation.HEAVY: 0.5}[self]


def allocation(regime: str, load: Line | None) -> Allocation:
    """Return the mode of allocation: by the regime, and heavy where the load comes in bursts.

    Bursts are told by the index of dispersion (`homeostat.stats.workload_pattern`): its interval must lie
    above 3, that is three times what independent arrivals vary by.
    """
    if regime.startswith(HEAVY):
        return Allocation.HEAVY
    if load is not None:
        pattern = workload_pattern(load.values * (load.step_ns / SECOND_NS), load.step_ns / SECOND_NS)
        if not isinstance(pattern, NotKnown) and pattern.dispersion_interval.low > 3.0:
            return Allocation.HEAVY
    return Allocation.LIGHT if regime.startswith(LIGHT) else Allocation.MEDIUM


@dataclass(frozen=True, slots=True)
class CapacityKnob:
    """A knob that is an amount of capacity, and the metric (0 to 1) that tells how much of it is in use."""

    name: str
    metric: str


@dataclass(frozen=True, slots=True)
class Capacity:
    """Scales knobs to the need.

    Up where utilisation was above `high` for `high_s` seconds, unless the forecast says that it passes; ahead
    of time where the forecast itself is above. Down where it was below `low` for `low_s`, unless the
    forecast says that the capacity will be needed. In between only while there is slack (growth), as a trial.
    The new value is what the need asks for at the utilisation that the mode aims at; with `caps`, never more
    than they allow. A knob rests `rest_s` after it was moved, and `forget_s` from what was rolled back.

    Reads the lines named by the metrics, NaN where nothing was measured; without a line nothing is proposed.
    Steps down are shorter while all is calm (serotonin). Raises ConfigError for a knob that is no number.
    """

    knobs: tuple[CapacityKnob, ...]
    name: str = "capacity"
    caps: tuple[Cap, ...] = ()
    high: float = 0.8
    high_s: float = 30.0
    low: float = 0.2
    low_s: float = 60.0
    horizon_s: float = 300.0
    confidence: float = 0.9
    rest_s: float = 60.0
    forget_s: float = 600.0

    def __post_init__(self) -> None:
        if not 0.0 < self.low < self.high < 1.0:
            raise ConfigError(f"capacity needs 0 < low < high < 1, not {self.low!r} and {self.high!r}")

    def propose(self, situation: Situation) -> tuple[Change, ...]:
        """Return a change for each knob whose capacity does not fit, those that lack some first."""
        found = [change for one in self.knobs if (change := self._one(one, situation)) is not None]
        return tuple(sorted(found, key=lambda change: not change.urgent))

    def _one(self, one: CapacityKnob, at: Situation) -> Change | None:
        knob, line = at.knobs.get(one.name), at.lines.get(one.metric)
        if knob is None or line is None or line.values.size == 0:
            return None
        if not isinstance(knob.domain, Integers | Floats):
            raise ConfigError(f"the capacity knob {one.name!r} must be a number, not one of some choices")
        now = float(at.configuration[one.name])
        used = self._asked(one.name, line, at)
        coming = need(Line(used, line.step_ns, line.end_ns), self.horizon_s, self.confidence)
        wanted, why = self._wanted(line, used, now, coming, at)
        if wanted is None:
            return None
        if wanted < now:
            wanted = now - (now - wanted) * at.endocrine.modulation.damping
        after = _fitting(knob, now, wanted, self.caps, at)
        before = at.configuration[one.name]
        if after == before or self._rests(one.name, up=wanted > now, at=at):
            return None
        evidence = (coming.words,) if isinstance(coming, Need) else (f"no forecast, since {coming.reason}",)
        labels = {"strategy": self.name} if wanted > now else {"strategy": self.name, **for_no_gain(at)}
        reason = f"{one.metric} {why}: {one.name} to {shown(after)}."
        overloaded = wanted > now and why.startswith("was")
        return Change((Move(one.name, before, after),), self.name, reason, evidence, None, overloaded, labels)

    def _wanted(
        self, line: Line, used: NDArray[np.float64], now: float, coming: Need | NotKnown, at: Situation
    ) -> tuple[float | None, str]:
        """Return the capacity that is wanted, None for the one of now, and why."""
        aim = allocation(at.regime, at.lines.get(LOAD)).aim
        busy, idle = _lately(line, self.high_s), _lately(line, self.low_s)
        if busy is not None and bool((busy > self.high).all()):
            if isinstance(coming, Need) and coming.later < self.high * now:
                return None, ""
            asked = now * float(busy.mean())
            if isinstance(coming, Need):
                asked = max(asked, min(coming.expected, 2.0 * asked))
            least = 1.5 * now if float(busy.mean()) > SATURATED else now
            return max(asked / aim, least), f"was above {self.high:.0%} for {self.high_s:g} s"
        # What is above already is no foresight: it has to last, as told above.
        if isinstance(coming, Need) and coming.expected > self.high * now > _last(used):
            return coming.expected / aim, f"will be above {self.high:.0%} within {self.horizon_s:g} s"
        lately = np.nan if idle is None else now * float(idle.max())
        peak = coming.peak if isinstance(coming, Need) else lately
        smaller = max(peak, 0.0) / aim
        if idle is not None and bool((idle < self.low).all()) and smaller < now:
            return smaller, f"was below {self.low:.0%} for {self.low_s:g} s"
        if at.endocrine.modulation.capacity_trials and isinstance(coming, Need) and smaller < 0.9 * now:
            return max(smaller, 0.75 * now), "leaves room, and so do the targets"
        return None, ""

    def _asked(self, name: str, line: Line, at: Situation) -> NDArray[np.float64]:
        """Return how much capacity was in use over the line, from what was kept of the knob meanwhile."""
        times = line.end_ns - line.step_ns * np.arange(line.values.size)[::-1]
        capacity = np.full(line.values.size, float(at.configuration[name]))
        for t in reversed(at.history):
            for move in t.change.moves:
                if move.knob == name and t.proof.decision is Decision.KEEP:
                    capacity[times < t.proof.end_ns] = float(move.before)
        asked: NDArray[np.float64] = line.values * capacity
        return asked

    def _rests(self, name: str, up: bool, at: Situation) -> bool:
        for t in at.history:
            for move in (m for m in t.change.moves if m.knob == name):
                age_s = (at.now_ns - t.proof.end_ns) / SECOND_NS
                same_way = (float(move.after) > float(move.before)) == up
                kept = t.proof.decision is Decision.KEEP
                if age_s < (self.rest_s if kept else self.forget_s if same_way else 0.0):
                    return True
        return False


def _lately(line: Line, seconds: float) -> NDArray[np.float64] | None:
    """Return what was measured in the last seconds, None where something is missing."""
    count = math.ceil(seconds * SECOND_NS / line.step_ns)
    values = line.values[-count:]
    return values if values.size == count and bool(np.isfinite(values).all()) else None


def _last(values: NDArray[np.float64]) -> float:
    """Return the last value that was measured, infinite where there is none."""
    known = values[np.isfinite(values)]
    return float(known[-1]) if known.size else math.inf


def _fitting(
    knob: Knob, now: float, wanted: float, caps: tuple[Cap, ...], at: Situation
) -> bool | int | float | str:
    """Return the value of the knob nearest to what is wanted, not below it, that step and caps allow."""
    low, high = float(knob.domain.at(0.0)), float(knob.domain.at(1.0))
    bounded = min(high, max(low, wanted))
    value: int | float = math.ceil(bounded - 1e-9) if isinstance(knob.domain, Integers) else bounded
    allowed = _capped(knob.name, value, caps, at.configuration, at.knobs)
    return knob.limited(at.configuration[knob.name], allowed)


def _capped(
    name: str,
    value: int | float,
    caps: tuple[Cap, ...],
    configuration: Mapping[str, bool | int | float | str],
    knobs: Mapping[str, Knob],
) -> bool | int | float | str:
    """Return the value, or as much of it as the caps leave while the other knobs stand."""
    own = tuple(
        Cap(
            cap.resource,
            max(0.0, cap.at_most - cap.used({n: v for n, v in configuration.items() if n != name})),
            {name: cap.uses[name]},
        )
        for cap in caps
        if name in cap.uses
    )
    return fitted({**configuration, name: value}, own, knobs)[name]
