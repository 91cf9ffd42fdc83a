"""The search online: a whole search that has each of its candidates proven by a trial, one at a time."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from homeostat.act.controller import Situation
from homeostat.act.controllers.memory import Tried, remembered
from homeostat.act.search.evolution import Evolution
from homeostat.act.search.safe_tuner import DEFAULTS_FIRST, SafeTuner
from homeostat.act.search.search import Measured, Search
from homeostat.core.change import Change, change_between
from homeostat.core.errors import ConfigError
from homeostat.core.knob import Configuration, Knob
from homeostat.core.verdict import State

SAME_AGAIN = 8
"""How often a search is asked again that wants what is in force anyway."""

HELD, BROKEN, UNTOLD = -0.5, 0.5, -0.1
"""What a search is told of the guardrails: how far beyond, as a share of the margin. A trial proves on which
side a configuration lies, not how far."""

ERROR_OF_SIDE = 0.2

SEARCHED = 0.8
"""Searches end with replays of their pick. Online each candidate has its own trial: that end is left out."""


class Kind(StrEnum):
    """Which search."""

    SAFE = "safe"
    EVOLUTION = "evolution"


@dataclass(frozen=True, slots=True)
class Searching:
    """Proposes what a search asks for.

    The search is made anew from the history at each call, so that it survives restarts as all learning does.
    What a configuration is worth follows from the effects of trials, each added to what its control was
    worth; that in which the first of them began is worth 1. `budget` is how many trials it reckons with. The
    safe tuner tries what it believes to hold the guardrails; evolution goes for what is far off.

    Raises ConfigError for a budget below 1. Cost: .1 to .3 s a call at 80 trials, which is why it is asked
    only when a trial may begin. Does not hold where the world changes meanwhile: take `Climb`, which forgets.
    """

    kind: Kind = Kind.SAFE
    budget: int = 80
    seed: int = 0

    def __post_init__(self) -> None:
        if self.budget < 1:
            raise ConfigError(f"a search needs a budget of at least 1 trial, not {self.budget!r}")

    @property
    def name(self) -> str:
        """What its changes are signed with."""
        return f"{self.kind.value} search"

    def propose(self, situation: Situation) -> tuple[Change, ...]:
        """Return the search's next candidate; nothing where its budget is used up."""
        knobs = situation.knobs
        like = situation.objective.words
        tried = tuple(t for t in remembered(situation) if t.trialled.proof.effect.measure == like)
        if not knobs or len(tried) >= self.budget:
            return ()
        now = {name: situation.configuration[name] for name in knobs}
        search = self._told(knobs, tried, now)
        for _ in range(SAME_AGAIN):
            wanted = search.ask()
            after = {name: knob.limited(now[name], wanted[name]) for name, knob in knobs.items()}
            moves = change_between(now, after)
            if moves:
                reason = f"Candidate {len(tried) + 1} of {self.budget}: the {self.name} asks for it."
                urgent = any(judged.verdict.state is State.VIOLATED for judged in situation.judged)
                return (Change(moves, self.name, reason, urgent=urgent, labels={"strategy": self.name}),)
            search.tell(now, Measured((self._worth(tried, now),), (HELD,)))
        return ()

    def _told(self, knobs: Mapping[str, Knob], tried: tuple[Tried, ...], now: Configuration) -> Search:
        """Return the search, told of all trials."""
        rng = np.random.default_rng([self.seed, len(tried)])
        whole = math.ceil((self.budget + DEFAULTS_FIRST) / SEARCHED)
        search: Search = (
            SafeTuner(knobs, rng, evaluations=whole)
            if self.kind is Kind.SAFE
            else Evolution(knobs, rng, evaluations=whole)
        )
        first = tried[0].before if tried else now
        for _ in range(DEFAULTS_FIRST):
            search.tell(first, Measured((1.0,), (HELD,)))
        for one, worth in _worths(tried):
            checks = one.trialled.proof.guardrails
            held = one.kept or all(check.state is State.WITHIN for check in checks)
            side = BROKEN if one.broke else HELD if held else UNTOLD
            error = math.exp(worth) * (one.error or 0.0)
            errors = (error, ERROR_OF_SIDE) if error > 0.0 else ()
            search.tell(one.after, Measured((math.exp(worth),), (side,), errors))
        return search

    def _worth(self, tried: tuple[Tried, ...], now: Configuration) -> float:
        known = {_key(one.after): worth for one, worth in _worths(tried)}
        return math.exp(known.get(_key(now), 0.0))


def _worths(tried: tuple[Tried, ...]) -> list[tuple[Tried, float]]:
    """Return the trials with a known effect, and the logarithm of what their configuration is worth."""
    levels: dict[tuple[tuple[str, object], ...], float] = {}
    found = []
    for one in tried:
        if one.effect is None:
            continue
        worth = levels.get(_key(one.before), 0.0) + one.effect
        if one.kept or _key(one.after) not in levels:
            levels[_key(one.after)] = worth
        found.append((one, worth))
    return found


def _key(configuration: Configuration) -> tuple[tuple[str, object], ...]:
    return tuple(sorted(configuration.items()))
