"""The asking: when controllers are asked for changes, and which of these may be tried at all."""

from collections.abc import Callable
from dataclasses import dataclass, replace

from homeostat.act.controller import MUST, WAY, WORSE_MAX, Controller, Situation
from homeostat.act.controllers.cap import Adaptation
from homeostat.act.controllers.validation import Validation
from homeostat.act.recommend import Pace, proposals, recommend
from homeostat.core.change import Change
from homeostat.core.clock import MINUTE_NS, SECOND_NS
from homeostat.core.errors import InputError
from homeostat.core.knob import Knob
from homeostat.core.log import event
from homeostat.core.order import Mode
from homeostat.core.verdict import State
from homeostat.loop.governing.planning import plan_for
from homeostat.loop.policy.policy import Policy
from homeostat.loop.policy.schedule import NEVER
from homeostat.loop.rules.state import LoopState
from homeostat.loop.rules.trying import may_begin
from homeostat.loop.sight.foresight import Foresight, effect_at, hopeless
from homeostat.prove.ledger.entry import LedgerEntry

ASK_EVERY_NS = 5 * SECOND_NS
"""Nothing that controllers look at tells more after a shorter time."""

FORESEEN_NS = 5 * MINUTE_NS

TOLD_MAX = 200
"""Reasons that are remembered, so that each is logged once."""

Check = Callable[[Change], None]


@dataclass(frozen=True, slots=True)
class Asked:
    """What controllers want to be tried, and what is to be obeyed at once."""

    proposals: tuple[Change, ...] = ()
    musts: tuple[Change, ...] = ()


class Asking:
    """Asks controllers every five seconds, and at once when something has changed.

    What the plant would refuse, what could not be decided before its deadline, and, outside of a round of
    optimisation, what is not urgent is left out. Limits from outside are asked for whenever the loop acts.
    """

    def __init__(self, policy: Policy, check: Check, foresight: Foresight, anchor_ns: int) -> None:
        self._policy = policy
        self._check = check
        self._foresight = foresight
        self._anchor_ns = anchor_ns
        self._asked_ns = anchor_ns - ASK_EVERY_NS
        self._asked_at: tuple[object, ...] = ()
        self._told: dict[str, str] = {}
        self._foreseen: dict[tuple[object, ...], str] = {}
        self._foreseen_ns = anchor_ns
        self.held_back: dict[str, str] = {}
        """The changes that were held back when controllers were asked last, each with the reason."""

    def ask(
        self,
        situation: Situation,
        state: LoopState,
        knobs: dict[str, Knob],
        entries: tuple[LedgerEntry, ...],
        at_once: bool,
    ) -> Asked:
        """Return what controllers want now; `knobs` are all that are not pinned, in trials or not."""
        acting = state.mode is Mode.ACT
        free = may_begin(state, situation.now_ns, self._policy.limits)
        if not acting and state.mode is not Mode.ADVISE:
            return Asked()
        marks = (state.mode, state.running, state.configuration, state.pinned, free)
        due = not 0 <= situation.now_ns - self._asked_ns < ASK_EVERY_NS
        if not due and not at_once and marks == self._asked_at:
            return Asked()
        self._asked_ns, self._asked_at = situation.now_ns, marks
        everywhere = replace(situation, knobs=knobs)
        obeying = proposals(self._obeying, everywhere)
        musts = self._obeyed(obeying) if acting else ()
        if acting and not free:
            return Asked((), musts)
        wanted = (*(() if acting else obeying), *proposals(self._asked_of(state), situation))
        musts += self._obeyed(tuple(c for c in wanted if acting and _is_must(c)))
        pace = Pace(self._policy.limits.trials_per_hour_max)
        self.held_back = {}
        fit = [c for c in wanted if not (acting and _is_must(c)) and self._is_fit(c, situation, entries)]
        return Asked(recommend(fit, situation, pace=pace).changes, musts)

    @property
    def _obeying(self) -> tuple[Controller, ...]:
        return tuple(c for c in self._policy.controllers if isinstance(c, Adaptation))

    def _asked_of(self, state: LoopState) -> tuple[Controller, ...]:
        every_ns = self._policy.schedule.validation_ns
        again = () if every_ns == NEVER or state.mode is not Mode.ACT else (Validation(every_ns),)
        return (*(c for c in self._policy.controllers if not isinstance(c, Adaptation)), *again)

    def _is_fit(self, change: Change, at: Situation, entries: tuple[LedgerEntry, ...]) -> bool:
        """Tell whether a change may be tried; put down why not."""
        violated = any(judged.verdict.state is State.VIOLATED for judged in at.judged)
        waits = not self._policy.schedule.optimising(at.now_ns, self._anchor_ns)
        if waits and not change.urgent and not violated and WAY not in change.labels:
            return False
        if any(move.knob not in at.knobs for move in change.moves):
            return False
        why = self._refusal(change)
        if not why:
            why = self._hopeless(change, at, entries)
        if why:
            self._hold_back(change, why)
        return not why

    def _hopeless(self, change: Change, at: Situation, entries: tuple[LedgerEntry, ...]) -> str:
        """Return why a trial could not be decided, the same for like changes within five minutes."""
        if not 0 <= at.now_ns - self._foreseen_ns < FORESEEN_NS:
            self._foreseen_ns = at.now_ns
            self._foreseen.clear()
        kinds = frozenset((at.knobs[m.knob].scope, at.knobs[m.knob].settle_s) for m in change.moves)
        asked = tuple(change.labels.get(label, "") for label in (WAY, WORSE_MAX))
        key = (kinds, asked, at.objective, effect_at(at))
        if key not in self._foreseen:
            plan = plan_for("planned", change, self._policy, at.knobs, at, entries)
            need = self._foresight.need(plan, at)
            self._foreseen[key] = need.words if hopeless(need, plan) else ""
        return self._foreseen[key]

    def _obeyed(self, changes: tuple[Change, ...]) -> tuple[Change, ...]:
        found = []
        for change in changes:
            why = self._refusal(change)
            if why:
                self._hold_back(change, why)
            else:
                found.append(change)
        return tuple(found)

    def _refusal(self, change: Change) -> str:
        try:
            self._check(change)
        except InputError as error:
            return str(error)
        return ""

    def _hold_back(self, change: Change, why: str) -> None:
        self.held_back[change.words] = why
        if change.words not in self._told:
            event("loop.change_held_back", change=change.words, by=change.by, reason=why)
        self._told[change.words] = why
        while len(self._told) > TOLD_MAX:
            self._told.pop(next(iter(self._told)))


def _is_must(change: Change) -> bool:
    return change.labels.get(WAY) == MUST
