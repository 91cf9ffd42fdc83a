"""The change: what a controller or a person proposes to set anew, and why. Proposing applies nothing."""

from dataclasses import dataclass, field

from homeostat.core.errors import InputError
from homeostat.core.interval import Interval
from homeostat.core.knob import Configuration, Value


@dataclass(frozen=True, slots=True)
class Move:
    """One knob from one value to another."""

    knob: str
    before: Value
    after: Value


@dataclass(frozen=True, slots=True)
class Change:
    """Some knobs set anew together.

    `by` names who proposes, `reason` is one sentence that a person follows, `evidence` the verdicts and
    findings in words that it rests on. `predicted` is the relative effect on the objective that the proposer
    expects (-0.2: a fifth less), None where it has no idea. What is `urgent` goes before what is not.
    """

    moves: tuple[Move, ...]
    by: str
    reason: str
    evidence: tuple[str, ...] = ()
    predicted: Interval | None = None
    urgent: bool = False
    labels: dict[str, str] = field(default_factory=dict)
    """What the proposer wants to be told again with the proof, such as the name of its strategy."""

    def __post_init__(self) -> None:
        names = [move.knob for move in self.moves]
        if not names or len(set(names)) < len(names):
            raise InputError(f"a change moves at least one knob, each once, not {names!r}")

    def applied(self, to: Configuration) -> Configuration:
        """Return the configuration after this change."""
        return {**to, **{move.knob: move.after for move in self.moves}}

    @property
    def words(self) -> str:
        """What moves, such as `concurrency 8 → 5, cache False → True`."""
        return ", ".join(f"{move.knob} {shown(move.before)} → {shown(move.after)}" for move in self.moves)


def shown(value: Value) -> str:
    """Return a knob's value as a person reads it.

    >>> shown(0.30000000000000004)
    '0.3'
    """
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def change_between(before: Configuration, after: Configuration) -> tuple[Move, ...]:
    """Return the moves that lead from one configuration to another, in order of the knobs' names."""
    return tuple(
        Move(name, before[name], after[name])
        for name in sorted(after)
        if name in before and before[name] != after[name]
    )
