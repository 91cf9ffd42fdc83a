"""The cycle: one pure step of the loop, from how things stand to what is to be done."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import TypeAlias

from homeostat.act.controller import SHADOW
from homeostat.core.change import Change, Move, change_between
from homeostat.core.knob import Configuration, Value
from homeostat.core.order import AnyOrder, Mode, Pin, Relieve, Restore, SetMode, Try, Undo, Unpin
from homeostat.core.proof import Decision, Effect, Proof
from homeostat.loop.acts import Act, Advise, Begin, Conclude, Free, Put, Refuse, Resign, Soothe, Stand, Switch
from homeostat.prove.ledger.entry import EntryKind

KEPT_BY = "kept_by"
"""Label of a change that takes back a kept one: who had proposed that."""


@dataclass(frozen=True, slots=True)
class Limits:
    """How much the loop may change: trials at once, the rest after each, and the most of an hour."""

    trials_max: int = 3
    rest_ns: int = 30_000_000_000
    kept_per_hour_max: int = 12
    trials_per_hour_max: int = 30


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


@dataclass(frozen=True, slots=True)
class View:
    """What one step looks at.

    `undone` answers orders to undo: the change that does, or why it cannot be. `lost` tells of watched
    changes that turned out to be worse, `stood` of those that are to be watched no more. `broke` names a
    target that holds no more since the last look. `useless` names trials that can tell nothing, and why;
    `musts` are changes that obey a limit from outside. Trials of the knobs in `alone`, which hold for the
    whole process, would blur all others beside them: they run alone.
    """

    now_ns: int
    orders: tuple[AnyOrder, ...] = ()
    undone: Mapping[int, Change | str] = field(default_factory=dict)
    proofs: Mapping[str, Proof] = field(default_factory=dict)
    lost: Mapping[str, Proof] = field(default_factory=dict)
    stood: Mapping[str, Proof] = field(default_factory=dict)
    proposals: tuple[Change, ...] = ()
    broke: str = ""
    useless: Mapping[str, str] = field(default_factory=dict)
    musts: tuple[Change, ...] = ()
    alone: frozenset[str] = frozenset()


Step: TypeAlias = tuple[LoopState, tuple[Act, ...]]


def step(state: LoopState, view: View, limits: Limits) -> Step:
    """Return what the loop knows after this look, and what is to be done, in this order."""
    acts: tuple[Act, ...] = ()
    for rule in RULES:
        state, done = rule(state, view, limits)
        acts += done
    return state, acts


def obey(state: LoopState, view: View, limits: Limits) -> Step:
    """Do what people order, one order after the other."""
    acts: tuple[Act, ...] = ()
    for order in view.orders:
        state, done = _obeyed(state, order, view, limits)
        acts += done
    return state, acts


def conclude(state: LoopState, view: View, limits: Limits) -> Step:
    """End the trials that are decided: keep what is proven better, roll back all else."""
    acts: list[Act] = []
    for trial in state.running:
        proof = view.proofs.get(trial.trial)
        if proof is None:
            continue
        acts.append(Conclude(trial.trial, trial.change, proof))
        state = replace(
            state,
            running=tuple(other for other in state.running if other is not trial),
            rest_until_ns=view.now_ns + limits.rest_ns,
        )
        if proof.decision is Decision.KEEP:
            state = replace(
                state,
                configuration=trial.change.applied(state.configuration),
                held=(*state.held, trial),
                kept_ns=(*state.kept_ns, view.now_ns),
            )
    return state, tuple(acts)


def watch(state: LoopState, view: View, limits: Limits) -> Step:
    """Take back a kept change whose hold-back shows that it is worse by now; end what was watched enough."""
    acts: list[Act] = []
    for kept in state.held:
        proof = view.lost.get(kept.trial)
        if proof is not None:
            back = tuple(Move(m.knob, m.after, m.before) for m in kept.change.moves)
            labels = {**kept.change.labels, KEPT_BY: kept.change.by}
            change = Change(back, by="hold-back", reason=proof.reason, labels=labels)
            state = replace(state, configuration=change.applied(state.configuration))
            acts.append(Put(change, EntryKind.REVERTED, proof))
            state = _without(state, frozenset(m.knob for m in back))
        elif (stood := view.stood.get(kept.trial)) is not None:
            acts.append(Stand(kept.trial, kept.change, stood))
            state = replace(state, held=tuple(other for other in state.held if other is not kept))
    return state, tuple(acts)


def give_up(state: LoopState, view: View, limits: Limits) -> Step:
    """End the trials that can tell nothing."""
    ended = tuple(trial for trial in state.running if trial.trial in view.useless)
    acts = tuple(Resign(t.trial, t.change, view.useless[t.trial]) for t in ended)
    running = tuple(trial for trial in state.running if trial not in ended)
    return replace(state, running=running), acts


def comply(state: LoopState, view: View, limits: Limits) -> Step:
    """Obey limits from outside at once, without a proof; trials of these knobs end."""
    acts: list[Act] = []
    for change in view.musts:
        moved = frozenset(move.knob for move in change.moves)
        if state.mode is not Mode.ACT or moved & state.pinned.keys():
            continue
        stopped = tuple(t for t in state.running if t.knobs & moved)
        acts += [Resign(t.trial, t.change, f"a limit goes before: {change.reason}") for t in stopped]
        state = _without(state, moved)
        state = replace(state, configuration=change.applied(state.configuration))
        nothing = Effect("objective", None, None, None, None)
        now_ns, design = view.now_ns, "obeyed at once"
        proof = Proof(Decision.KEEP, change.reason, nothing, (), (), 0, 0, now_ns, now_ns, design)
        acts.append(Put(change, EntryKind.OBEYED, proof))
    return state, tuple(acts)


def make_way(state: LoopState, view: View, limits: Limits) -> Step:
    """End the trials of what was not urgent when a target breaks: the help for that must not wait."""
    if not view.broke:
        return state, ()
    ended = tuple(trial for trial in state.running if not trial.change.urgent)
    acts = tuple(Resign(t.trial, t.change, f"'{view.broke}' broke, which goes before") for t in ended)
    running = tuple(trial for trial in state.running if trial not in ended)
    return replace(state, running=running, rest_until_ns=view.now_ns if ended else state.rest_until_ns), acts


def begin(state: LoopState, view: View, limits: Limits) -> Step:
    """Try the most promising proposals, as many as may run; where only advice is wanted, give it."""
    hour_ago_ns = view.now_ns - 3_600_000_000_000
    state = replace(state, kept_ns=tuple(ns for ns in state.kept_ns if ns > hour_ago_ns))
    if state.mode is Mode.ADVISE and view.proposals:
        known = {advised.words for advised in state.advised}
        new = tuple(Advise(change) for change in view.proposals if change.words not in known)
        return replace(state, advised=view.proposals), new
    if not may_begin(state, view.now_ns, limits):
        return state, ()
    acts: list[Act] = []
    for change in view.proposals:
        if _has_room(state, change, view, limits):
            state, act = _begun(state, change)
            acts.append(act)
    return state, tuple(acts)


RULES = (obey, conclude, give_up, watch, make_way, comply, begin)


def may_begin(state: LoopState, now_ns: int, limits: Limits) -> bool:
    """Tell whether a trial may begin now without an order."""
    return (
        state.mode is Mode.ACT
        and len(state.running) < limits.trials_max
        and now_ns >= state.rest_until_ns
        and len(state.kept_ns) < limits.kept_per_hour_max
    )


def _has_room(state: LoopState, change: Change, view: View, limits: Limits) -> bool:
    """Tell whether a trial may run beside those that do."""
    taken = frozenset().union(*(trial.knobs for trial in state.running))
    moved = {move.knob for move in change.moves}
    if len(state.running) >= limits.trials_max or moved & (taken | state.pinned.keys()):
        return False
    return not state.running or not (moved | taken) & view.alone


def _begun(state: LoopState, change: Change) -> tuple[LoopState, Act]:
    """Begin a trial; what is still watched on the same knobs is watched no more."""
    number = state.begun + 1
    trial = Running(f"trial-{number}", change)
    held = tuple(kept for kept in state.held if not kept.knobs & trial.knobs)
    return replace(state, running=(*state.running, trial), held=held, begun=number), Begin(
        trial.trial, change
    )


def _without(state: LoopState, knobs: frozenset[str]) -> LoopState:
    """End the trials and hold-backs that move any of these knobs."""
    return replace(
        state,
        running=tuple(trial for trial in state.running if not trial.knobs & knobs),
        held=tuple(kept for kept in state.held if not kept.knobs & knobs),
    )


def _put(
    state: LoopState,
    values: Mapping[str, Value],
    by: str,
    reason: str,
    kind: EntryKind,
    about: int | None = None,
) -> Step:
    """Set knobs at once, on a person's word."""
    moves = change_between(state.configuration, {**state.configuration, **values})
    stopped = tuple(
        Resign(t.trial, t.change, f"{by} sets a knob of it") for t in state.running if t.knobs & set(values)
    )
    state = _without(state, frozenset(values))
    state = replace(state, configuration={**state.configuration, **values})
    return state, (*stopped, *((Put(Change(moves, by, reason), kind, None, about),) if moves else ()))


def _obeyed(state: LoopState, order: AnyOrder, view: View, limits: Limits) -> Step:
    match order:
        case SetMode():
            stopped = (
                tuple(Resign(t.trial, t.change, f"{order.by} ends acting") for t in state.running)
                if order.mode is not Mode.ACT
                else ()
            )
            running = () if stopped else state.running
            advised = state.advised if order.mode is Mode.ADVISE else ()
            state = replace(state, mode=order.mode, running=running, advised=advised)
            return state, (*stopped, Switch(order.mode, order.by))
        case Restore():
            state, acts = _put(state, state.defaults, order.by, "the kill switch", EntryKind.RESTORED)
            stopped = tuple(Resign(t.trial, t.change, "the kill switch") for t in state.running)
            state = replace(state, mode=Mode.OBSERVE, running=(), held=(), pinned={}, advised=())
            return state, (*acts, *stopped, Switch(Mode.OBSERVE, order.by))
        case Undo():
            found = view.undone.get(order.number, f"the ledger has no entry {order.number}")
            if isinstance(found, str):
                return state, (Refuse(order, found),)
            return _put(state, found.applied({}), order.by, found.reason, EntryKind.UNDONE, order.number)
        case Pin():
            before = state.configuration.get(order.knob, order.value)
            state, acts = _put(state, {order.knob: order.value}, order.by, "pinned by hand", EntryKind.PINNED)
            if before == order.value:  # held as it is: that has to be known after a restart too
                held = Change((Move(order.knob, before, before),), order.by, "pinned by hand")
                acts = (*acts, Put(held, EntryKind.PINNED, None))
            return replace(state, pinned={**state.pinned, order.knob: order.value}), acts
        case Unpin():
            pinned = {name: value for name, value in state.pinned.items() if name != order.knob}
            return replace(state, pinned=pinned), (Free(order.knob, order.by),)
        case Relieve():
            return state, (Soothe(order.resource, order.by),)
        case Try():
            moves = change_between(state.configuration, {**state.configuration, **order.values})
            if not moves:
                return state, (Refuse(order, "all these knobs have these values already"),)
            if order.shadow and len(moves) > 1:
                return state, (Refuse(order, "a shadow is one switch's: name one knob"),)
            labels = {SHADOW: "yes"} if order.shadow else {}
            change = Change(moves, order.by, "a person wants to know", labels=labels)
            if any(trial.knobs & {m.knob for m in moves} for trial in state.running):
                return state, (Refuse(order, "a trial of one of these knobs is running"),)
            state, act = _begun(state, change)
            return state, (act,)
