"""The cap: a limit from outside on what some knobs use together, obeyed at once, left when it is lifted."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from homeostat.act.controller import MUST, WAY, Situation, Trialled
from homeostat.core.change import Change, Move, change_between, shown
from homeostat.core.errors import ConfigError
from homeostat.core.knob import Configuration, Floats, Integers, Knob, Value
from homeostat.core.proof import Decision

CAP = "cap"
"""The label that names the cap which a change obeys."""

FREED = ""
"""The cap's name in the label of a change that leaves all caps behind."""


@dataclass(frozen=True, slots=True)
class Cap:
    """At most `at_most` of a resource; `uses` is how much of it one unit of each knob takes.

    Such as 2,000 MB, where a worker takes 200 MB and each megabyte of cache one.
    """

    resource: str
    at_most: float
    uses: Mapping[str, float]

    def __post_init__(self) -> None:
        if not self.uses or not all(0.0 < use < math.inf for use in self.uses.values()):
            raise ConfigError(
                f"the cap on {self.resource!r} needs knobs, each using something, not {self.uses!r}"
            )
        if not 0.0 <= self.at_most < math.inf:
            raise ConfigError(f"the cap on {self.resource!r} is a number from 0 on, not {self.at_most!r}")

    def used(self, configuration: Configuration) -> float:
        """Return how much of the resource a configuration uses."""
        return sum(
            use * _number(configuration[name]) for name, use in self.uses.items() if name in configuration
        )


def fitted(configuration: Configuration, caps: Sequence[Cap], knobs: Mapping[str, Knob]) -> Configuration:
    """Return the configuration with its knobs lowered as far as the caps ask for.

    What a cap asks for is taken from its knobs in proportion to what each has above its lowest value; where
    even the lowest values use too much, these are returned.
    """
    found = dict(configuration)
    for cap in caps:
        lowered = {
            n: knobs[n] for n in cap.uses if n in knobs and isinstance(knobs[n].domain, Integers | Floats)
        }
        if cap.used(found) <= cap.at_most:
            continue
        fits, too_much = 0.0, 1.0
        for _ in range(40):
            share = (fits + too_much) / 2
            if cap.used({**found, **_lowered(found, lowered, share)}) <= cap.at_most:
                fits = share
            else:
                too_much = share
        found.update(_lowered(found, lowered, fits))
    return found


def _lowered(configuration: Configuration, knobs: Mapping[str, Knob], share: float) -> dict[str, Value]:
    values: dict[str, Value] = {}
    for name, knob in knobs.items():
        low = _number(knob.domain.at(0.0))
        value = low + share * (_number(configuration[name]) - low)
        values[name] = math.floor(value + 1e-9) if isinstance(knob.domain, Integers) else value
    return values


def _number(value: Value) -> float:
    return float(value) if isinstance(value, int | float) else 0.0


@dataclass(frozen=True, slots=True)
class Adaptation:
    """Obeys the caps in force, and goes back once they leave room again.

    `caps` are those of now: hand in another tuple when they change. A change that obeys is urgent and
    needs no proof (`MUST`), however long a knob's step is: it is limited to the step, and goes on at the next
    look. Where it goes back to is read from the history: the values from before the first of the changes
    that obeyed.
    """

    caps: tuple[Cap, ...]
    name: str = "adaptation"

    def propose(self, situation: Situation) -> tuple[Change, ...]:
        """Return the change that obeys, or the one that goes back; nothing where all fits."""
        now = {name: situation.configuration[name] for name in situation.knobs}
        wanted = fitted(situation.configuration, self.caps, situation.knobs)
        moves = _moves(now, wanted, situation.knobs)
        if moves:
            broken = [cap for cap in self.caps if cap.used(situation.configuration) > cap.at_most]
            words = tuple(
                f"{c.resource}: {c.used(situation.configuration):.4g} of {c.at_most:.4g} allowed"
                for c in broken
            )
            reason = f"{broken[0].resource} may be {broken[0].at_most:.4g} at most: {_words(moves)}."
            labels = {WAY: MUST, CAP: broken[0].resource}
            return (Change(moves, self.name, reason, words, None, True, labels),)
        before = self._from_before(situation.history)
        goal = {**situation.configuration, **{n: v for n, v in before.items() if n in now}}
        moves = _moves(now, fitted(goal, self.caps, situation.knobs), situation.knobs)
        if not moves:
            return ()
        reason = f"There is room again: {_words(moves)}."
        return (Change(moves, self.name, reason, (), None, False, {CAP: FREED}),)

    def _from_before(self, history: Sequence[Trialled]) -> dict[str, Value]:
        """Return the values that knobs had before caps moved them, of those not back yet."""
        found: dict[str, Value] = {}
        for t in history:
            if t.proof.decision is not Decision.KEEP:
                continue
            caused = t.change.labels.get(CAP)
            for move in t.change.moves:
                if caused:
                    found.setdefault(move.knob, move.before)
                elif caused is None or move.after == found.get(move.knob):
                    found.pop(move.knob, None)  # somebody chose otherwise since, or it is back
        return found


def _moves(now: Configuration, wanted: Configuration, knobs: Mapping[str, Knob]) -> tuple[Move, ...]:
    moved = change_between(now, wanted)
    limited = ((m, knobs[m.knob].limited(m.before, m.after)) for m in moved)
    return tuple(Move(m.knob, m.before, after) for m, after in limited if after != m.before)


def _words(moves: Sequence[Move]) -> str:
    return ", ".join(f"{m.knob} to {shown(m.after)}" for m in moves)
