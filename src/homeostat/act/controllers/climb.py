"""Climbing: a search that moves one knob at a time to where the trials so far say that it helps."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import combinations, product
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

from homeostat.act.controller import Situation
from homeostat.act.controllers.memory import Tried, remembered
from homeostat.act.controllers.surface import Floats, Leg, Places, Surface
from homeostat.core.change import Change, Move, change_between, shown
from homeostat.core.interval import Interval
from homeostat.core.knob import Choices, Configuration, Knob, Value
from homeostat.core.verdict import State

NORMAL = NormalDist()
STRIDE, STRIDE_MIN, STRIDE_MAX = 0.35, 0.06, 0.7
"""The longest step of a knob as a share of its range: at first, at least and at most."""

CALM = 0.45
"""By how much shorter steps are while all targets hold: then there is something to lose."""

LENGTHS = (0.25, 0.5, 0.75, 1.0)
NEAR = 0.1
"""Positions within this share of the range count as the same place."""

OTHER_REGIME, OUTDATED, AGED = 0.15, 0.25, 0.15
"""How far an effect (logarithm) may have moved since its trial: where that was in another regime, before
something turned worse by itself, or `drift_s` seconds ago; standard deviations, which add up as squares."""

FLAT = 0.05
"""An effect (logarithm) that is nearer to zero is none to speak of."""

SAME_HOUR_S = 3_600.0
"""Within an hour nothing is tried again for another regime alone: at its border regimes come and go."""

PAIRED_MAX = 6
"""Only so many knobs, the most promising, are thought of in pairs, which bounds the cost."""

POINTED = 0.5
"""By how much more a step counts for each of its knobs that a finding points at."""

SURE = 0.8
"""Where nothing may be explored, a step must help with this chance."""


@dataclass(frozen=True, slots=True)
class Climb:
    """Coordinate search with a memory.

    Each knob has a stride, which doubles after a step that was kept and shrinks after one that was rolled
    back, unless that looked good and was too small to be proven: then it grows. Among the steps within the
    strides that one comes first which is expected to gain most, by a surface learned from all trials
    (`Surface`); what was never tried is worth trying for what it may bring.
    Steps of two knobs together are thought of once each was tried alone: that is what a pair of conflicting
    knobs needs. What was rolled back in this regime is left alone for `forget_s` seconds, or until something
    turns worse by itself; the older a trial, the less it counts (`drift_s`). `only` names the knobs to
    turn, all where it is empty. Knobs whose names appear in findings are preferred; `acts_on` gives other
    words that point at a knob, such as the operation that it belongs to.

    Holds where gains change smoothly along a knob or between few choices. Does not find an optimum that
    is hidden behind a ridge higher than what a stride steps over. Cost: some ms at ten knobs.
    """

    name: str = "climb"
    only: frozenset[str] = frozenset()
    acts_on: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    forget_s: float = 6 * 3_600.0
    drift_s: float = 24 * 3_600.0
    worth_min: float = 0.004
    """A step is not proposed where it is expected to gain less than this share."""

    def propose(self, situation: Situation) -> tuple[Change, ...]:
        """Return the best step, then the best of the other knobs; nothing where nothing promises a gain."""
        knobs = {name: knob for name, knob in situation.knobs.items() if not self.only or name in self.only}
        if not knobs:
            return ()
        places = Places(knobs)
        tried = tuple(t for t in remembered(situation) if t.knobs <= knobs.keys())
        like = situation.objective.words
        told = [t for t in tried if t.trialled.proof.effect.measure == like]
        surface = Surface(places, [leg for t in told if (leg := self._leg(t)) is not None])
        now = {name: situation.configuration[name] for name in knobs}
        urgent = _is_urgent(situation)
        stretch = situation.endocrine.modulation.stride * (1.0 if urgent else CALM)
        reached = {
            name: _values(knob, now[name], _stride(name, tried, stretch, urgent))
            for name, knob in knobs.items()
        }
        single = [{name: value} for name, values in sorted(reached.items()) for value in values]
        steps = self._worthwhile(single, now, tried, places, surface, situation)
        alone = {name for t in tried if len(t.knobs) == 1 for name in t.knobs}
        best = list(dict.fromkeys(step.moves[0].knob for step in steps))
        pairs = _pairs(sorted(alone, key=lambda n: best.index(n) if n in best else len(best)), reached)
        steps += self._worthwhile(pairs, now, tried, places, surface, situation)
        found: list[Change] = []
        taken: set[str] = set()
        for step in sorted(steps, key=lambda s: -s.worth):
            if not taken & {move.knob for move in step.moves}:
                taken |= {move.knob for move in step.moves}
                found.append(self._change(step, tried, urgent))
        return tuple(found)

    def _leg(self, tried: Tried) -> Leg | None:
        if tried.effect is None or tried.error is None:
            return None
        aged = AGED * math.sqrt(tried.age_s / self.drift_s)
        moved = (0.0 if tried.here else OTHER_REGIME, OUTDATED if tried.outdated else 0.0, aged)
        error = math.hypot(tried.error, *moved)
        return Leg(tried.before, tried.after, tried.effect, error)

    def _worthwhile(
        self,
        steps: list[dict[str, Value]],
        now: Configuration,
        tried: tuple[Tried, ...],
        places: Places,
        surface: Surface,
        at: Situation,
    ) -> list["_Step"]:
        """Return the steps that promise enough and are not to be left alone, the best first."""
        begin = places.of([now])[0]
        ends = places.of([{**now, **step} for step in steps])
        recent = [
            t
            for t in tried
            if not t.kept
            and t.age_s < self.forget_s
            and (t.broke or ((t.here or t.age_s < SAME_HOUR_S) and not t.outdated))
        ]
        closed = _left_alone(begin, ends, recent, places)
        means, spreads = surface.predict(begin, ends)
        pointed = {name for name in places.names if self._points_at(name, at)}
        found = []
        for k in np.flatnonzero(~closed):
            worth = self._worth(float(means[k]), float(spreads[k]), at) / len(steps[k])
            worth *= 1.0 + POINTED * len(steps[k].keys() & pointed)
            if worth >= self.worth_min:
                moves = change_between({name: now[name] for name in steps[k]}, steps[k])
                found.append(_Step(moves, float(means[k]), float(spreads[k]), worth))
        return sorted(found, key=lambda step: -step.worth)

    def _worth(self, mean: float, spread: float, at: Situation) -> float:
        """Return what a step is expected to gain over the least that counts."""
        explored = at.endocrine.modulation.exploration
        least = max(at.objective.gain_min, 0.01)
        if explored == 0.0 and _is_urgent(at):
            explored = 1.0  # under strain nothing is explored for gain, but help is looked for
        if explored == 0.0:
            sure = NORMAL.cdf((-mean - least) / spread) >= SURE if spread > 0 else -mean > least
            return -mean if sure else 0.0
        return _expected_improvement(-mean - least, spread * explored)

    def _points_at(self, knob: str, situation: Situation) -> bool:
        words = (knob.replace("_", " ").lower(), *(word.lower() for word in self.acts_on.get(knob, ())))
        return any(
            word in f"{finding.title} {finding.words}".replace("_", " ").lower()
            for finding in situation.findings
            for word in words
        )

    def _change(self, step: "_Step", tried: tuple[Tried, ...], urgent: bool) -> Change:
        names = {move.knob for move in step.moves}
        own = [t for t in tried if t.knobs & names]
        moved = " and ".join(f"{m.knob} to {shown(m.after)}" for m in step.moves)
        why = (
            f"{len(own)} trial{'s' if len(own) > 1 else ''} of {' and '.join(sorted(names))} point there"
            if own
            else "it was not tried yet"
        )
        half = 1.96 * step.spread
        return Change(
            step.moves,
            self.name,
            f"Set {moved}: {why}.",
            tuple(_told(t) for t in own[-3:]),
            Interval(math.expm1(step.mean - half), math.expm1(step.mean + half), 0.95),
            urgent,
            {"strategy": self.name},
        )


def _is_urgent(situation: Situation) -> bool:
    return any(judged.verdict.state is State.VIOLATED for judged in situation.judged)


@dataclass(frozen=True, slots=True)
class _Step:
    moves: tuple[Move, ...]
    mean: float
    spread: float
    worth: float


def _expected_improvement(gain: float, spread: float) -> float:
    """Return the mean of what a normal gain is above zero (Mockus 1975)."""
    if spread <= 0.0:
        return max(gain, 0.0)
    z = gain / spread
    return gain * NORMAL.cdf(z) + spread * NORMAL.pdf(z)


def _stride(name: str, tried: tuple[Tried, ...], stretch: float, urgent: bool) -> float:
    """Return how far a knob may go: further after a keep and after a gain that was too small to tell.

    Where help is needed, it goes further too on a plateau, and where a trial could not tell.
    """
    stride = STRIDE
    for t in tried:
        if name in t.knobs and t.here:
            factor = 2.0 if t.kept else 1.5 if _too_small(t) or (urgent and _open(t)) else 0.75
            stride = min(STRIDE_MAX, max(STRIDE_MIN, factor * stride))
    return stride * stretch


def _open(tried: Tried) -> bool:
    """Whether a step did nothing, or nothing that its trial could tell: what is beyond it stays open."""
    if tried.broke or tried.effect is None:
        return False
    return abs(tried.effect) < max(FLAT, 1.96 * (tried.error or 0.0))


def _too_small(tried: Tried) -> bool:
    """Whether a step was in the right direction as far as its trial could see."""
    if tried.effect is None or tried.error is None or tried.broke:
        return False
    return tried.effect < 0.0 < tried.effect + 1.96 * tried.error + 0.01


def _values(knob: Knob, now: Value, stride: float) -> list[Value]:
    """Return the values that one step may lead to."""
    if isinstance(knob.domain, Choices):
        reached = [knob.limited(now, value) for value in knob.domain.values]
    else:
        at = knob.domain.position(now)
        reached = [
            knob.limited(now, knob.domain.at(at + way * share * stride))
            for way in (1, -1)
            for share in LENGTHS
        ]
        if all(value == now for value in reached):  # whole numbers further apart than the stride
            reached = [_neighbour(knob, now, way) for way in (1, -1)]
    return [value for value in dict.fromkeys(reached) if value != now]


def _neighbour(knob: Knob, now: Value, way: int) -> Value:
    """Return the next value that differs, as far as one step may reach; `now` where there is none."""
    at = knob.domain.position(now)
    for share in (0.1, 0.2, 0.4, 0.7, 1.0):
        value = knob.limited(now, knob.domain.at(at + way * share))
        if value != now:
            return value
    return now


def _pairs(alone: list[str], reached: Mapping[str, list[Value]]) -> list[dict[str, Value]]:
    """Return the steps of two knobs that were tried alone, of the most promising ones."""
    return [
        {one: a, other: b}
        for one, other in combinations(alone[:PAIRED_MAX], 2)
        for a, b in product(_ends(reached[one]), _ends(reached[other]))
    ]


def _ends(values: list[Value]) -> list[Value]:
    """Return some of the values: the half and the whole stride both ways, or all of a few."""
    return values if len(values) <= 4 else values[1::2]


def _left_alone(begin: Floats, ends: Floats, recent: list[Tried], places: Places) -> NDArray[np.bool_]:
    """Return which steps end where a recent trial failed, or beyond where it broke a guardrail."""
    closed = np.zeros(ends.shape[0], dtype=np.bool_)
    for t in recent:
        tried_from, tried_to = places.of([t.before, t.after])
        moved = np.array([name in t.knobs for name in places.names])
        near = np.where(places.exact, 1e-9, np.where(moved, NEAR / 2, NEAR))
        same = np.abs(ends - tried_to) <= near
        if t.broke:
            same |= ~places.exact & ((ends - tried_to) * (tried_to - tried_from) > 0.0)
        closed |= same.all(axis=1) & (ends != begin)[:, moved].any(axis=1)
    return closed


def _told(tried: Tried) -> str:
    proof = tried.trialled.proof
    effect = "" if proof.effect.estimate is None else f", {proof.effect.estimate:+.1%}"
    return f"{tried.trialled.change.words}: {proof.decision.value}{effect}"
