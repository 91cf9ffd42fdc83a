"""What people order is done, one order after the other."""

from collections.abc import Mapping
from dataclasses import replace

from homeostat.act.controller import SHADOW
from homeostat.core.change import Change, Move, change_between
from homeostat.core.knob import Value
from homeostat.core.order import AnyOrder, Mode, Pin, Relieve, Restore, SetMode, Try, Undo, Unpin
from homeostat.loop.rules.acts import Act, Free, Put, Refuse, Resign, Soothe, Switch
from homeostat.loop.rules.state import Limits, LoopState, begun, without
from homeostat.loop.rules.view import Step, View
from homeostat.prove.ledger.entry import EntryKind


def obey(state: LoopState, view: View, limits: Limits) -> Step:
    """Do what people order, one order after the other."""
    acts: tuple[Act, ...] = ()
    for order in view.orders:
        state, done = _obeyed(state, order, view, limits)
        acts += done
    return state, acts


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
            state, act = begun(state, change)
            return state, (act,)


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
    state = without(state, frozenset(values))
    state = replace(state, configuration={**state.configuration, **values})
    return state, (*stopped, *((Put(Change(moves, by, reason), kind, None, about),) if moves else ()))
