"""The state of the loop: what it knows from step to step."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from homeostat.core.change import Change
from homeostat.core.knob import Configuration, Value
from homeostat.core.order import Mode
from homeostat.loop.rules.acts import Act, Begin


@dataclass(frozen=True, slots=True)
class Limits:
    """How much the loop may change: trials at once, the rest after each, and the most of an hour.

    A resource is relieved no sooner again than `relief_every_ns` after the last time.
    """

    trials_max: int = 3
    rest_ns: int = 30_000_000_000
    kept_per_hour_max: int = 12
    trials_per_hour_max: int = 30
    relief_every_ns: int = 300_000_000_000


@dataclass(frozen=True, slots=True)
class Running:
    """A change that is being tried, or one that was kept and is still watched by its hold-back."""

    trial: str
    change: Change

    @property
    def knobs(self) -> frozenset[str]:
        """The names of the knobs that it moves."""
        return frozenset(move.knob for move in self.change.moves)


@dataclass(frozen=True, slots=True)
class LoopState:
    """What the loop knows from step to step. `configuration` is the last one known to be good."""

    configuration: Configuration
    defaults: Configuration
    mode: Mode = Mode.OBSERVE
    pinned: Mapping[str, Value] = field(default_factory=dict)
    running: tuple[Running, ...] = ()
    held: tuple[Running, ...] = ()
    advised: tuple[Change, ...] = ()
    kept_ns: tuple[int, ...] = ()
    rest_until_ns: int = 0
    begun: int = 0
    relieved_ns: Mapping[str, int] = field(default_factory=dict)


def begun(state: LoopState, change: Change) -> tuple[LoopState, Act]:
    """Begin a trial; what is still watched on the same knobs is watched no more."""
    number = state.begun + 1
    trial = Running(f"trial-{number}", change)
    held = tuple(kept for kept in state.held if not kept.knobs & trial.knobs)
    return replace(state, running=(*state.running, trial), held=held, begun=number), Begin(
        trial.trial, change
    )


def without(state: LoopState, knobs: frozenset[str]) -> LoopState:
    """End the trials and hold-backs that move any of these knobs."""
    return replace(
        state,
        running=tuple(trial for trial in state.running if not trial.knobs & knobs),
        held=tuple(kept for kept in state.held if not kept.knobs & knobs),
    )
