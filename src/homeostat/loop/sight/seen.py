"""What the governor saw at its last look."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from homeostat.act.controller import Situation
from homeostat.act.controllers.failure_pattern import FailurePattern
from homeostat.core.plant import Steering
from homeostat.loop.rules.state import LoopState
from homeostat.prove.trials.trial import Progress


@dataclass(frozen=True, slots=True)
class Seen:
    """What the governor saw and did at its last look, for those who show it.

    `needs` says of running trials how long they most likely take, `held_back` why changes were not begun,
    `unread` which knobs were tried and are read by nobody; `patterns` are what goes wrong, and where.
    """

    situation: Situation
    state: LoopState
    steering: Steering
    progress: Mapping[str, Progress]
    needs: Mapping[str, str] = field(default_factory=dict)
    held_back: Mapping[str, str] = field(default_factory=dict)
    unread: frozenset[str] = frozenset()
    patterns: tuple[tuple[str, FailurePattern], ...] = ()
