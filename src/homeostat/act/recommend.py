"""The recommendation: proposals of several controllers as one list that may be followed from the top."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from homeostat.act.controller import Controller, Situation
from homeostat.core.change import Change
from homeostat.core.clock import SECOND_NS
from homeostat.core.errors import InputError
from homeostat.core.knob import Configuration

Allowed = Callable[[Configuration], bool]
"""Tells whether values may stand together; False for a forbidden combination."""


@dataclass(frozen=True, slots=True)
class Pace:
    """How fast the application may be changed: at most so many trials begun within so many seconds."""

    changes_max: int = 6
    window_s: float = 3_600.0

    def left(self, situation: Situation, stretch: float = 1.0) -> int:
        """Return how many changes may begin now, at a pace that is so many times as fast."""
        since = situation.now_ns - self.window_s * SECOND_NS
        begun = sum(t.proof.begin_ns > since for t in situation.history)
        return max(0, int(self.changes_max * stretch) - begun)


@dataclass(frozen=True, slots=True)
class Recommended:
    """What to try, the first first, and what was left out with the reason."""

    changes: tuple[Change, ...]
    left_out: tuple[tuple[Change, str], ...] = ()


def recommend(
    proposals: Iterable[Change],
    situation: Situation,
    allowed: Iterable[Allowed] = (),
    pace: Pace | None = None,
) -> Recommended:
    """Rank proposals, and keep those that can be tried together.

    Urgent ones come first; else they stay in the order given, so hand them in by the controllers' rank: a
    controller knows which of its changes is worth most to try, which is not the one of the surest gain.
    Left out is what moves a knob that may not be turned or that stands elsewhere by now, a value that the
    knob does not take or that is too far for one step, a second change of one knob, a combination that is
    not allowed (alone or with those before it), and what is beyond the pace; an urgent change may go
    beyond the pace by half, by all of it when norepinephrine is high. While one thing is that urgent only
    the first is left.
    """
    rules, pace = tuple(allowed), pace or Pace()
    modulation = situation.endocrine.modulation
    left = pace.left(situation)
    spare = pace.left(situation, 0.5 + modulation.priority)
    taken: list[Change] = []
    out: list[tuple[Change, str]] = []
    for change in sorted(proposals, key=lambda c: not c.urgent):
        room = spare if change.urgent else left
        if modulation.one_at_a_time and taken:
            out.append((change, "one thing is urgent, all else waits"))
        elif len(taken) >= room:
            out.append((change, f"{pace.changes_max} changes in {pace.window_s:g} s are the most"))
        elif why := _unfit(change, situation) or _clash(change, taken, situation, rules):
            out.append((change, why))
        else:
            taken.append(change)
    return Recommended(tuple(taken), tuple(out))


def proposals(controllers: Iterable[Controller], situation: Situation) -> tuple[Change, ...]:
    """Return what the controllers propose, in their order."""
    return tuple(change for controller in controllers for change in controller.propose(situation))


def _unfit(change: Change, situation: Situation) -> str:
    for move in change.moves:
        knob = situation.knobs.get(move.knob)
        if knob is None:
            return f"{move.knob} may not be turned now"
        if situation.configuration[move.knob] != move.before:
            return f"{move.knob} stands at {situation.configuration[move.knob]} by now"
        try:
            reached = knob.limited(move.before, knob.checked(move.after))
        except InputError as error:
            return str(error)
        if reached != move.after:
            return f"{move.knob} to {move.after} is more than one step"
    return ""


def _clash(change: Change, taken: list[Change], situation: Situation, rules: tuple[Allowed, ...]) -> str:
    moved = {move.knob for move in change.moves}
    for other in taken:
        both = moved & {move.knob for move in other.moves}
        if both:
            return f"{', '.join(sorted(both))} is moved by {other.by} already"
    # In trials that run together, a request may have any of the treatments with any other.
    together = [change.applied(situation.configuration)]
    for other in taken if rules else ():
        together += [other.applied(configuration) for configuration in together]
    if not all(rule(configuration) for rule in rules for configuration in together):
        return "the combination is not allowed"
    return ""
