"""The governor: carries out what the cycle decides, on one application."""

from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import replace

from homeostat.act.controller import Judged, Situation, Trialled
from homeostat.act.controllers.gauge import Resource, shortages
from homeostat.core.change import Change, change_between
from homeostat.core.clock import MINUTE_NS
from homeostat.core.errors import HomeostatError, InputError, StoreError
from homeostat.core.finding import Finding
from homeostat.core.knob import Scope, Value
from homeostat.core.log import event
from homeostat.core.losses import Losses
from homeostat.core.order import AnyOrder, Pin, Relieve, Restore, Try, Undo
from homeostat.core.plant import TREATMENT, CheckingPlant, Plant, Steering
from homeostat.core.proof import Decision, Effect, Proof
from homeostat.core.verdict import State
from homeostat.loop.cycle import step
from homeostat.loop.governing.asking import Asking
from homeostat.loop.governing.book import Book, note_of, trialled
from homeostat.loop.governing.planning import objective_for, plan_for
from homeostat.loop.governing.resuming import resumed, watched_still
from homeostat.loop.governing.trials import Trials
from homeostat.loop.policy.policy import Policy
from homeostat.loop.reliefs import Reliefs
from homeostat.loop.rules.acts import Act, Begin, Conclude, Put, Refuse, Soothe, Switch
from homeostat.loop.rules.state import LoopState, Running
from homeostat.loop.rules.view import View
from homeostat.loop.sight.analysis import Analysis
from homeostat.loop.sight.foresight import Foresight, effect_of, told
from homeostat.loop.sight.levels import Levels
from homeostat.loop.sight.meter import Meter, slack_of
from homeostat.loop.sight.mood import Mood
from homeostat.loop.sight.readers import Readers
from homeostat.loop.sight.recent import Recent
from homeostat.loop.sight.seen import Seen
from homeostat.prove.ledger.entry import EntryKind
from homeostat.prove.trials.steered import arm_at, steered
from homeostat.prove.trials.trial import Design, TrialPlan

HISTORY_MAX = 500
ORDERS_MAX = 100
QUIET_NS = 30 * MINUTE_NS
NO_FINDINGS: tuple[Finding, ...] = ()


class Governor:
    """Runs the loop on a plant: call `tick` about once a second; any steady pace does.

    Nothing is steered before the book has it, so that after a crash the book knows all that the application
    saw; only the kill switch works without. Orders are checked when they are given. What the plant refuses is
    rolled back and stays in the history as such. One thread calls `tick`; any thread may call `order`.
    """

    def __init__(
        self,
        plant: Plant,
        policy: Policy,
        book: Book,
        now_ns: int,
        findings: Callable[[], tuple[Finding, ...]] = lambda: NO_FINDINGS,
        levels: Levels | None = None,
        reliefs: Reliefs | None = None,
    ) -> None:
        """Take over the application: it runs with the last configuration known to be good."""
        self._plant = plant
        self._policy = policy
        self._book = book
        self._findings = findings
        self._levels = levels
        self._reliefs = reliefs or Reliefs(Losses())
        self._meter = Meter(policy.targets, policy.measures)
        self._recent = Recent()
        self._foresight = Foresight(self._recent)
        self._analysis = Analysis(self._recent, policy.schedule, now_ns)
        self._readers = Readers(plant)
        entries = book.ledger.entries
        self._asking = Asking(
            policy, self._refuse_beforehand, self._foresight, entries[0].time_ns if entries else now_ns
        )
        self._mood = Mood(now_ns, policy.hormones)
        self._orders: deque[AnyOrder] = deque(maxlen=ORDERS_MAX)
        self._trials = Trials(policy.trials)
        self._history: deque[Trialled] = deque(book.history(HISTORY_MAX), maxlen=HISTORY_MAX)
        self._violated_ns: dict[str, int] = {}
        self._looked_ns = now_ns
        book.recover(now_ns)
        self._state = LoopState(
            {}, {}, mode=book.mode(policy.mode), pinned=book.pinned(), begun=book.trials_begun()
        )
        self._steering = Steering({})
        self._adopt(now_ns)
        self._meter.restart(now_ns)
        self._steer(now_ns)
        self.seen = Seen(self._situation(now_ns), self._state, self._steering, {})

    @property
    def book(self) -> Book:
        """The ledger that it writes."""
        return self._book

    @property
    def plans(self) -> tuple[TrialPlan, ...]:
        """The plans that the application is steered by: those of trials and of hold-backs."""
        return self._trials.plans

    def order(self, order: AnyOrder) -> None:
        """Have an order carried out at the next tick; raise InputError where it makes no sense."""
        if isinstance(order, Pin):
            self._check(order.knob, order.value)
        if isinstance(order, Relieve) and order.resource not in set(Resource):
            raise InputError(f"a resource is {', '.join(Resource)}, not {order.resource!r}")
        if isinstance(order, Try):
            for name, value in order.values.items():
                self._check(name, value)
            now = self._state.configuration
            moves = change_between(now, {**now, **order.values})
            if moves:
                self._refuse_beforehand(Change(moves, order.by, "a person wants to know"))
        self._orders.append(order)

    def refuse(self, order: AnyOrder, reason: str, now_ns: int) -> None:
        """Put down that an order is not carried out, and why."""
        self._write((Refuse(order, reason),), {}, self.seen.situation.regime, now_ns)

    def tick(self, now_ns: int) -> tuple[Act, ...]:
        """Look, decide, act; return what was done."""
        self._adopt(now_ns)
        self._observe(now_ns)
        self._analysis.look(now_ns)
        situation = self._situation(now_ns)
        orders = tuple(self._orders.popleft() for _ in range(len(self._orders)))
        before = self._state
        after, acts = step(before, self._view(situation, orders), self._policy.limits)
        acts = tuple(self._completed(act) for act in acts)
        plans = {act.trial: self._plan(act, situation) for act in acts if isinstance(act, Begin)}
        restoring = any(isinstance(order, Restore) for order in orders)
        self._write(acts, plans, situation.regime, now_ns, restoring)
        self._state = after
        self._trials.begin(plans)
        self._readers.begin(trial for trial in after.running if trial.trial in plans)
        watched = self._trials.follow(acts, after, now_ns)
        self._state = replace(after, held=tuple(kept for kept in after.held if kept.trial in watched))
        if after.configuration != before.configuration:
            self._meter.restart(now_ns)
        self._steer(now_ns)
        self._looked_ns = now_ns
        self.seen = self._see(situation)
        return acts

    def _see(self, situation: Situation) -> Seen:
        evidence = {name: plan.change.evidence for name, plan in self._trials.running.items()}
        return Seen(
            situation,
            self._state,
            self._steering,
            dict(self._trials.progress),
            {name: told_so[-1] for name, told_so in evidence.items() if told_so},
            dict(self._asking.held_back),
            self._readers.missing,
            self._analysis.patterns,
        )

    def _plan(self, act: Begin, situation: Situation) -> TrialPlan:
        """Return how a change is tried, with what it most likely takes among its evidence."""
        entries = self._book.ledger.entries
        plan = plan_for(act.trial, act.change, self._policy, self._plant.knobs, situation, entries)
        return told(plan, self._foresight.need(plan, situation), effect_of(plan, situation))

    def _completed(self, act: Act) -> Act:
        """Relieve resources, which needs no proof; tell the ledger what only this side knows."""
        if isinstance(act, Soothe):
            return replace(act, told=self._reliefs.relieve(Resource(act.resource)).words)
        return replace(act, planned=self._policy.mode.value) if isinstance(act, Switch) else act

    def _adopt(self, now_ns: int) -> None:
        """Take in knobs that the application declared since the last look."""
        known = self._state.defaults
        knobs = self._plant.knobs
        if known.keys() == knobs.keys():
            return
        defaults = {name: knob.default for name, knob in knobs.items()}
        good = {n: v for n, v in self._book.good(defaults).items() if _fits(knobs[n].checked, v)}
        self._state = replace(self._state, defaults=defaults, configuration={**defaults, **good})
        self._resume(now_ns)

    def _resume(self, now_ns: int) -> None:
        """Watch what was kept before a restart, once its knobs are there."""
        entries, held = self._book.ledger.entries, self._state.held
        situation, knobs = self._situation(now_ns), self._plant.knobs
        for entry in watched_still(entries, now_ns, self._policy.trials.hold_back_ns):
            watch = resumed(entry, self._policy, knobs, situation, entries)
            change = entry.note.change
            if watch is not None and change is not None and entry.note.trial not in {h.trial for h in held}:
                self._trials.resume(entry.note.trial, watch)
                held = (*held, Running(entry.note.trial, change))
        self._state = replace(self._state, held=held)

    def _observe(self, now_ns: int) -> None:
        treated = any(
            plan.design is Design.SWITCHBACK
            and TREATMENT in (arm_at(plan, self._looked_ns), arm_at(plan, now_ns))
            for plan in self.plans
        )
        for outcomes in self._plant.outcomes():
            self._trials.observe(outcomes)
            if not treated and outcomes.operation == self._policy.objective.operation:
                self._meter.observe(outcomes, now_ns)
                self._recent.observe(outcomes)

    def _situation(self, now_ns: int) -> Situation:
        judged = self._meter.judged(now_ns)
        load_per_s = self._meter.load_per_s(now_ns)
        slack = slack_of(judged)
        history = tuple(self._history)
        taken = {move.knob for plan in self._trials.running.values() for move in plan.change.moves}
        taken |= self._state.pinned.keys() | self._readers.missing
        levels = self._levels
        if levels is not None:
            levels.look(now_ns)
        levelled = levels.readings() if levels else {}
        return Situation(
            now_ns,
            self._state.configuration,
            {name: knob for name, knob in self._plant.knobs.items() if name not in taken},
            objective_for(self._policy, judged),
            judged=judged,
            findings=(*self._findings(), *self._meter.noticing.findings(now_ns)),
            readings={**self._meter.readings(now_ns), **levelled},
            history=history,
            load_per_s=load_per_s,
            regime=self._mood.take_load(now_ns, load_per_s),
            slack=slack,
            endocrine=self._mood.feel(now_ns, judged, load_per_s, slack, history, levelled),
            lines={**self._meter.lines(), **(levels.lines() if levels else {})},
        )

    def _view(self, situation: Situation, orders: tuple[AnyOrder, ...]) -> View:
        now_ns = situation.now_ns
        proofs = self._trials.proofs(now_ns)
        watched = self._trials.watched(now_ns)
        useless = self._readers.useless(self._state.running, self._trials.progress)
        broke = self._broken(situation.judged, now_ns)
        pinned = self._state.pinned
        asked = self._asking.ask(
            situation,
            self._state,
            {name: knob for name, knob in self._plant.knobs.items() if name not in pinned},
            self._book.ledger.entries,
            at_once=bool(orders or broke or useless),
        )
        return View(
            now_ns,
            orders,
            {o.number: self._book.undoing(o.number, o.by) for o in orders if isinstance(o, Undo)},
            proofs,
            {name: proof for name, proof in watched.items() if proof.decision is Decision.ROLL_BACK},
            {name: proof for name, proof in watched.items() if proof.decision is Decision.KEEP},
            asked.proposals,
            broke,
            useless,
            asked.musts,
            frozenset(name for name, knob in self._plant.knobs.items() if knob.scope is Scope.PROCESS),
            self._reliefs.among(shortages(situation.readings)),
        )

    def _broken(self, judged: tuple[Judged, ...], now_ns: int) -> str:
        """Return the target that broke just now, in words; empty where none did.

        One that comes and goes does not break anew each time: it has to hold for half an hour in between.
        """
        found = ""
        for one in judged:
            if one.verdict.state is State.VIOLATED:
                if now_ns - self._violated_ns.get(one.target, -QUIET_NS) >= QUIET_NS:
                    found = found or one.target
                self._violated_ns[one.target] = now_ns
        return found

    def _refuse_beforehand(self, change: Change) -> None:
        """Raise InputError where the application would not run a change."""
        if isinstance(self._plant, CheckingPlant):
            self._plant.check(change)

    def _write(
        self,
        acts: tuple[Act, ...],
        plans: Mapping[str, TrialPlan],
        regime: str,
        now_ns: int,
        restoring: bool = False,
    ) -> None:
        """Put all acts down. Where that fails nothing is done, but for the kill switch."""
        try:
            for act in acts:
                plan = plans.get(act.trial) if isinstance(act, Begin) else None
                entry = self._book.write(note_of(act, plan, regime), now_ns)
                tried = trialled(entry.note)
                if tried is not None:
                    self._history.append(tried)
        except StoreError as error:
            event("loop.ledger_not_written", error=error)
            if not restoring:
                raise

    def _steer(self, now_ns: int) -> None:
        wanted = steered(self._state.configuration, self.plans, now_ns)
        if wanted == self._steering:
            return
        try:
            self._plant.steer(wanted)
        except HomeostatError as error:
            wanted = self._refused(str(error), now_ns)
        self._steering = wanted

    def _refused(self, reason: str, now_ns: int) -> Steering:
        """Give up the trials that the plant will not run, and steer without them."""
        event("loop.refused", reason=reason)
        for running in self._state.running:
            proof = refusal(self._trials.drop(running.trial), reason, now_ns)
            act = Conclude(running.trial, running.change, proof)
            self._write((act,), {}, self.seen.situation.regime, now_ns)
        self._state = replace(self._state, running=())
        wanted = steered(self._state.configuration, self.plans, now_ns)
        try:
            self._plant.steer(wanted)
        except HomeostatError as error:
            return self._put_back(str(error), now_ns)
        return wanted

    def _put_back(self, reason: str, now_ns: int) -> Steering:
        """Go back to the values that the application last ran with, since it refuses those in force."""
        before = {**self._state.configuration, **self._steering.base}
        moves = change_between(self._state.configuration, before)
        if moves:
            change = Change(moves, "the governor", f"the application refused what was set: {reason}")
            self._write((Put(change, EntryKind.UNDONE, None),), {}, self.seen.situation.regime, now_ns)
        pinned = {name: value for name, value in self._state.pinned.items() if before.get(name) == value}
        self._state = replace(self._state, configuration=before, pinned=pinned)
        return self._steering

    def _check(self, name: str, value: Value) -> None:
        knob = self._plant.knobs.get(name)
        if knob is None:
            there = ", ".join(sorted(self._plant.knobs)) or "none"
            raise InputError(f"there is no knob {name!r}; there are: {there}")
        knob.checked(value)


def refusal(plan: TrialPlan, reason: str, now_ns: int) -> Proof:
    """Return the proof of a trial that the application would not run."""
    nothing = Effect("objective", None, None, None, None)
    why = f"the application refused it: {reason}"
    return Proof(Decision.ROLL_BACK, why, nothing, (), (), 0, 0, plan.begin_ns, now_ns, plan.design.value)


def _fits(check: Callable[[Value], Value], value: Value) -> bool:
    try:
        check(value)
    except InputError:
        return False
    return True
