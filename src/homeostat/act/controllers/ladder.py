"""The ladder: steps against a violated target, the gentlest first, and back again when there is slack."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from homeostat.act.controller import BACK, WAY, Judged, Situation, Trialled, for_no_gain
from homeostat.core.change import Change, Move, shown
from homeostat.core.clock import SECOND_NS
from homeostat.core.errors import ConfigError
from homeostat.core.knob import Knob, Value
from homeostat.core.proof import Decision
from homeostat.core.verdict import State

LADDER, RUNG, STEP = "ladder", "rung", "strategy"
"""The labels of a ladder's changes, besides the way: up, or back."""

UP = "up"


@dataclass(frozen=True, slots=True)
class Rung:
    """One step of a ladder: a knob set `to` a value, or moved `by` a share of its range (-0.25: a quarter
    down)."""

    knob: str
    to: Value | None = None
    by: float | None = None

    def __post_init__(self) -> None:
        if (self.to is None) == (self.by is None):
            raise ConfigError(f"a rung on {self.knob!r} needs either a value to set or a share to move by")
        if self.by is not None and not 0.0 < abs(self.by) <= 1.0:
            raise ConfigError(
                f"the share that a rung on {self.knob!r} moves by is from -1 to 1, not {self.by!r}"
            )

    def goal(self, knob: Knob, now: Value) -> Value:
        """Return where the rung leads from a value, whatever the knob's longest step."""
        if self.to is not None:
            return knob.checked(self.to)
        return knob.domain.at(knob.domain.position(now) + (self.by or 0.0))


@dataclass(frozen=True, slots=True)
class Ladder:
    """Climbs one rung after the other while one of `targets` (their texts; any where empty) is violated.

    A rung that was rolled back in this regime is passed over for `forget_s` seconds: the next one is less
    gentle. After a rung was kept the ladder waits `settle_s` for the targets to show it. It steps back, the
    last rung first, once all of its targets held for `calm_s` with a slack of at least `slack_min`, and not
    before `calm_s` after its last step; the distance from violation to slack is the hysteresis. A step
    back that was rolled back is not tried again for `forget_s`. Which rungs are climbed is read from the
    history and checked against the configuration: what a person set otherwise is no longer climbed.
    """

    name: str
    rungs: Sequence[Rung]
    targets: frozenset[str] = frozenset()
    slack_min: float = 0.2
    calm_s: float = 300.0
    settle_s: float = 60.0
    forget_s: float = 3_600.0

    def __post_init__(self) -> None:
        if not self.rungs:
            raise ConfigError(f"the ladder {self.name!r} needs at least one rung")
        if not 0.0 <= self.slack_min < 1.0:
            raise ConfigError(f"slack_min of the ladder {self.name!r} is a share, not {self.slack_min!r}")

    def propose(self, situation: Situation) -> tuple[Change, ...]:
        """Return one step up while a target is violated, one step back where there is slack, else nothing."""
        judged = [j for j in situation.judged if not self.targets or j.target in self.targets]
        violated = [j for j in judged if j.verdict.state is State.VIOLATED]
        quiet_s = self._quiet_s(situation)
        if violated:
            return self._up(situation, violated) if quiet_s >= self.settle_s else ()
        if not judged or situation.slack is None or situation.slack < self.slack_min:
            return ()
        held_s = min((situation.now_ns - j.since_ns) / SECOND_NS for j in judged)
        held = all(j.verdict.state is State.WITHIN for j in judged)
        return self._back(situation) if held and min(held_s, quiet_s) >= self.calm_s else ()

    def climbed(self, situation: Situation) -> Mapping[int, Value]:
        """Return the rungs that are climbed, in the order of climbing, with the value from before each."""
        found: dict[int, Value] = {}
        for trialled in self._own(situation):
            if trialled.proof.decision is not Decision.KEEP:
                continue
            move, rung = trialled.change.moves[0], int(trialled.change.labels[RUNG])
            if trialled.change.labels[WAY] == UP:
                found.setdefault(rung, move.before)
            elif move.after == found.get(rung):
                del found[rung]
        return {rung: before for rung, before in found.items() if self._stands(rung, situation)}

    def _last(self, knob: str, situation: Situation) -> Change | None:
        """Return the last change of a knob by this ladder that was kept."""
        own = [t for t in self._own(situation) if t.proof.decision is Decision.KEEP]
        return next((t.change for t in own[::-1] if t.change.moves[0].knob == knob), None)

    def _stands(self, rung: int, situation: Situation) -> bool:
        """Whether the knob still is where this ladder last set it."""
        knob = self.rungs[rung].knob
        last = self._last(knob, situation)
        return last is not None and situation.configuration.get(knob) == last.moves[0].after

    def _half_way(self, rung: int, situation: Situation) -> bool:
        """Whether a climbed rung has not reached its value yet, since the knob's steps are shorter."""
        last = self._last(self.rungs[rung].knob, situation)
        return (
            self.rungs[rung].to not in (None, situation.configuration[self.rungs[rung].knob])
            and last is not None
            and (last.labels[RUNG], last.labels[WAY]) == (str(rung), UP)
        )

    def _own(self, situation: Situation) -> list[Trialled]:
        """Return the trials of this ladder's rungs as they are now."""
        return [
            t
            for t in situation.history
            if t.change.labels.get(LADDER) == self.name
            and int(t.change.labels[RUNG]) < len(self.rungs)
            and self.rungs[int(t.change.labels[RUNG])].knob == t.change.moves[0].knob
        ]

    def _quiet_s(self, situation: Situation) -> float:
        """Return for how long this ladder has moved nothing."""
        ends = [t.proof.end_ns for t in self._own(situation) if t.proof.decision is Decision.KEEP]
        return (situation.now_ns - max(ends, default=0)) / SECOND_NS

    def _failed(self, situation: Situation, rung: int, way: str) -> bool:
        return any(
            t.proof.decision is Decision.ROLL_BACK
            and t.regime == situation.regime
            and t.change.labels[RUNG] == str(rung)
            and t.change.labels[WAY] == way
            and (situation.now_ns - t.proof.end_ns) / SECOND_NS < self.forget_s
            for t in self._own(situation)
        )

    def _up(self, situation: Situation, violated: list[Judged]) -> tuple[Change, ...]:
        climbed = self.climbed(situation)
        for number, rung in enumerate(self.rungs):
            knob = situation.knobs.get(rung.knob)
            if knob is None or self._failed(situation, number, UP):
                continue
            now = situation.configuration[rung.knob]
            if number in climbed and not self._half_way(number, situation):
                continue
            after = knob.limited(now, rung.goal(knob, now))
            if after == now:
                continue
            step = f"step {number + 1} of {len(self.rungs)}"
            reason = f"{violated[0].target} is violated: {step} is {rung.knob} to {shown(after)}."
            words = tuple(j.verdict.words for j in violated)
            return (self._change(number, {WAY: UP}, Move(rung.knob, now, after), reason, words),)
        return ()

    def _back(self, situation: Situation) -> tuple[Change, ...]:
        for number, before in reversed(tuple(self.climbed(situation).items())):
            name = self.rungs[number].knob
            knob = situation.knobs.get(name)
            if knob is None or self._failed(situation, number, BACK):
                continue
            now = situation.configuration[name]
            after = knob.limited(now, before)
            step = f"step {number + 1} of {len(self.rungs)}"
            reason = f"There is slack: {step} is taken back, {name} to {shown(after)}."
            slack = (f"slack {situation.slack:.0%}",)
            return (self._change(number, for_no_gain(situation), Move(name, now, after), reason, slack),)
        return ()

    def _change(
        self, rung: int, way: Mapping[str, str], move: Move, reason: str, evidence: tuple[str, ...]
    ) -> Change:
        labels = {LADDER: self.name, RUNG: str(rung), STEP: self.name, **way}
        return Change((move,), self.name, reason, evidence, None, way[WAY] == UP, labels)
