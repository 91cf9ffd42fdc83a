"""The endocrine state: five levels from 0 to 1 that all controllers read.

Each hormone is released by events, fades with its own half-life and returns to its base by itself. So what
happened minutes ago still counts, a little, for every controller alike, and nobody has to remember it. What
the levels do to controllers stands in `Modulation`.
"""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from homeostat.core.errors import InputError


@dataclass(frozen=True, slots=True)
class Endocrine:
    """The levels of the hormones at one moment, each from 0 to 1; the defaults are their bases.

    Dopamine says that changes pay, cortisol that something is wrong, norepinephrine that it is urgent,
    serotonin that all is calm, growth that there is room.
    """

    dopamine: float = 0.5
    cortisol: float = 0.0
    norepinephrine: float = 0.0
    serotonin: float = 0.5
    growth: float = 0.0

    @property
    def levels(self) -> dict[str, float]:
        """The levels by name."""
        return {name: getattr(self, name) for name in HALF_LIFE_S}

    @property
    def modulation(self) -> "Modulation":
        """What these levels do to controllers, trials and the cycle."""
        return modulation(self)


HALF_LIFE_S: Mapping[str, float] = {
    "dopamine": 1_800.0,
    "cortisol": 1_200.0,
    "norepinephrine": 300.0,
    "serotonin": 3_600.0,
    "growth": 1_800.0,
}
"""After this many seconds half of the distance from the base is gone."""


class EventKind(StrEnum):
    """What releases hormones. The first four happen at a moment, the others last."""

    GAIN = "gain"
    """A change was proven to help; size 1 is a gain of a tenth or more."""
    LOSS = "loss"
    """A trial was stopped for harm."""
    ERROR = "error"
    """Something failed that should not: size by how much."""
    ALERT = "alert"
    """An urgent alert went off."""
    VIOLATION = "violation"
    """A target is violated."""
    PRESSURE = "pressure"
    """A resource runs short; size is how far, 1 for nothing left."""
    SPIKE = "spike"
    """The load is far above what is usual."""
    CALM = "calm"
    """Nothing is violated and nothing moves."""
    SLACK = "slack"
    """Targets hold with room; size is the share of the bound that is left."""


@dataclass(frozen=True, slots=True)
class Event:
    """What happened, or what lasts during the step, and how much of it, from 0 to 1."""

    kind: EventKind
    size: float = 1.0

    def __post_init__(self) -> None:
        if not 0.0 <= self.size <= 1.0:
            raise InputError(f"the size of the event {self.kind.value} lies from 0 to 1, not {self.size!r}")


AT_ONCE: Mapping[EventKind, Mapping[str, float]] = {
    EventKind.GAIN: {"dopamine": 0.5, "cortisol": -0.2},
    EventKind.LOSS: {"dopamine": -0.3, "cortisol": 0.15},
    EventKind.ERROR: {"cortisol": 0.35, "serotonin": -0.2},
    EventKind.ALERT: {"norepinephrine": 0.8, "cortisol": 0.2, "serotonin": -0.3},
}
"""Which share of the way to 1 (or, below zero, to 0) an event of size 1 moves a level, at once."""

WHILE_IT_LASTS: Mapping[EventKind, Mapping[str, float]] = {
    EventKind.VIOLATION: {"cortisol": 3.0, "serotonin": -8.0, "growth": -8.0},
    EventKind.PRESSURE: {"cortisol": 8.0, "growth": -8.0},
    EventKind.SPIKE: {"norepinephrine": 9.0, "serotonin": -2.0},
    EventKind.CALM: {"serotonin": 4.0},
    EventKind.SLACK: {"growth": 8.0},
}
"""How strongly a lasting event pulls a level to 1 (or to 0), as a multiple of its return to the base."""


def step(state: Endocrine, events: Iterable[Event], elapsed_s: float) -> Endocrine:
    """Return the levels `elapsed_s` seconds later.

    What happens at once does so at the beginning of the step; what lasts is taken to last all of it.
    Guarantee: levels stay within 0 to 1. Time adds up: one step equals two of half its length, where lasting
    events are given to both and the others to the first; without events each level returns to its base
    by its half-life. Cost: some microseconds. Raises InputError for time that runs backwards.

    >>> after = step(Endocrine(), [Event(EventKind.ALERT)], 300.0)
    >>> round(after.norepinephrine, 3)
    0.4
    """
    if not 0.0 <= elapsed_s < math.inf:
        raise InputError(f"a step takes 0 or more seconds, not {elapsed_s!r}")
    happened = tuple(events)
    base = Endocrine()
    return Endocrine(
        **{
            name: _later(_released(level, name, happened), getattr(base, name), name, happened, elapsed_s)
            for name, level in state.levels.items()
        }
    )


def _released(level: float, name: str, events: tuple[Event, ...]) -> float:
    """Return the level after what happened at once: first all that raises it, then all that lowers it."""
    below, above = level, 1.0 - level
    shares = [AT_ONCE.get(e.kind, {}).get(name, 0.0) * e.size for e in events]
    for share in shares:
        above *= 1.0 - max(share, 0.0)
    below = 1.0 - above
    for share in shares:
        below *= 1.0 - max(-share, 0.0)
    return min(1.0, max(0.0, below))


def _later(level: float, base: float, name: str, events: tuple[Event, ...], elapsed_s: float) -> float:
    """Solve dl/dt = r (base - l) + up (1 - l) - down l, with r the rate of the half-life."""
    pulls = [WHILE_IT_LASTS.get(e.kind, {}).get(name, 0.0) * e.size for e in events]
    up = sum(max(pull, 0.0) for pull in pulls)
    down = sum(max(-pull, 0.0) for pull in pulls)
    rest = (base + up) / (1.0 + up + down)
    left = math.exp(-math.log(2.0) * (1.0 + up + down) * elapsed_s / HALF_LIFE_S[name])
    return min(1.0, max(0.0, rest + (level - rest) * left))


@dataclass(frozen=True, slots=True)
class Modulation:
    """What the levels do; the defaults change nothing (take them to leave hormones out).

    | field | effect | read by |
    |---|---|---|
    | exploration | x1.3 above dopamine .8, 0 above cortisol .6: what the unknown is worth | climb, bandit |
    | learning_rate | x1.2 above dopamine .8: length of steps | climb |
    | strictness | x2 above cortisol .6: the risk of a false keep is divided by it | trials |
    | checkpoint_rate | x2 above cortisol .6: how often the last known good is looked at again | cycle |
    | priority | x1.5 above norepinephrine .7: of urgent changes, in their rank and their share | recommend |
    | one_at_a_time | above norepinephrine .7: one bottleneck, so one change | recommend |
    | damping | from 1 down to .5 as serotonin goes from .5 to 1: length of steps | climb, capacity |
    | capacity_trials | above growth .6: less capacity may be tried while there is slack | capacity |
    """

    exploration: float = 1.0
    learning_rate: float = 1.0
    strictness: float = 1.0
    checkpoint_rate: float = 1.0
    priority: float = 1.0
    one_at_a_time: bool = False
    damping: float = 1.0
    capacity_trials: bool = False

    @property
    def stride(self) -> float:
        """By how much steps are longer or shorter."""
        return self.learning_rate * self.damping


def modulation(levels: Endocrine) -> Modulation:
    """Return what these levels do.

    >>> modulation(Endocrine(dopamine=0.9)).exploration, modulation(Endocrine(cortisol=0.7)).exploration
    (1.3, 0.0)
    """
    keen, strained, urgent = levels.dopamine > 0.8, levels.cortisol > 0.6, levels.norepinephrine > 0.7
    return Modulation(
        exploration=0.0 if strained else 1.3 if keen else 1.0,
        learning_rate=1.2 if keen else 1.0,
        strictness=2.0 if strained else 1.0,
        checkpoint_rate=2.0 if strained else 1.0,
        priority=1.5 if urgent else 1.0,
        one_at_a_time=urgent,
        damping=1.0 - max(0.0, levels.serotonin - 0.5),
        capacity_trials=levels.growth > 0.6,
    )
