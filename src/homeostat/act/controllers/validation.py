"""Validation: what was kept long ago is put to the test again, by trying how it was before."""

from dataclasses import dataclass

from homeostat.act.controller import AGAIN, WAY, Situation, Trialled
from homeostat.core.change import Change, Move, shown
from homeostat.core.clock import DAY_NS
from homeostat.core.proof import Decision
from homeostat.core.verdict import State


@dataclass(frozen=True, slots=True)
class Validation:
    """Proposes to put back a kept change that was not tried for `every_ns`, the oldest first, one at a time.

    Such a trial asks whether the world in which the change was proven is still there. It is kept, so that the
    change goes, only where how it was before is proven better by now; its treatment is a small share of the
    requests, since most likely it is the worse arm. Nothing is validated while a target is violated. A change
    of which only a part is still in force is left alone: its proof speaks of another configuration. So is one
    that was made for no gain.
    """

    every_ns: int = 7 * DAY_NS
    name: str = "validation"

    def propose(self, situation: Situation) -> tuple[Change, ...]:
        """Return the change back that is due, nothing where none is."""
        if any(judged.verdict.state is State.VIOLATED for judged in situation.judged):
            return ()
        due = [t for t in situation.history if self._is_due(t, situation)]
        if not due:
            return ()
        oldest = min(due, key=lambda t: _last_tried_ns(t.change, situation))
        days = (situation.now_ns - oldest.proof.end_ns) / DAY_NS
        back = tuple(Move(m.knob, m.after, m.before) for m in oldest.change.moves)
        moved = " and ".join(f"{m.knob} = {shown(m.before)}" for m in back)
        reason = f"{moved} was kept {days:.0f} days ago: is it still better?"
        estimate = oldest.proof.effect.estimate
        evidence = () if estimate is None else (f"its trial showed {estimate:+.1%}",)
        return (Change(back, self.name, reason, evidence, labels={WAY: AGAIN, "strategy": self.name}),)

    def _is_due(self, tried: Trialled, at: Situation) -> bool:
        moves = tried.change.moves
        return (
            tried.proof.decision is Decision.KEEP
            and WAY not in tried.change.labels
            and all(at.configuration.get(m.knob) == m.after and m.knob in at.knobs for m in moves)
            and at.now_ns - _last_tried_ns(tried.change, at) >= self.every_ns
        )


def _last_tried_ns(change: Change, at: Situation) -> int:
    """Return when these two configurations were compared last, in either direction."""
    there = frozenset((m.knob, m.before, m.after) for m in change.moves)
    back = frozenset((m.knob, m.after, m.before) for m in change.moves)
    compared = (
        t.proof.end_ns
        for t in at.history
        if frozenset((m.knob, m.before, m.after) for m in t.change.moves) in (there, back)
    )
    return max(compared, default=0)
