"""Trials: which begin, which end as their proof decides, which are given up."""

from dataclasses import replace

from homeostat.core.change import Change
from homeostat.core.order import Mode
from homeostat.core.proof import Decision
from homeostat.loop.rules.acts import Act, Advise, Conclude, Resign
from homeostat.loop.rules.state import Limits, LoopState, begun
from homeostat.loop.rules.view import Step, View


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


def give_up(state: LoopState, view: View, limits: Limits) -> Step:
    """End the trials that can tell nothing."""
    ended = tuple(trial for trial in state.running if trial.trial in view.useless)
    acts = tuple(Resign(t.trial, t.change, view.useless[t.trial]) for t in ended)
    running = tuple(trial for trial in state.running if trial not in ended)
    return replace(state, running=running), acts


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
        if has_room(state, change, view, limits):
            state, act = begun(state, change)
            acts.append(act)
    return state, tuple(acts)


def may_begin(state: LoopState, now_ns: int, limits: Limits) -> bool:
    """Tell whether a trial may begin now without an order."""
    return (
        state.mode is Mode.ACT
        and len(state.running) < limits.trials_max
        and now_ns >= state.rest_until_ns
        and len(state.kept_ns) < limits.kept_per_hour_max
    )


def has_room(state: LoopState, change: Change, view: View, limits: Limits) -> bool:
    """Tell whether a trial may run beside those that do."""
    taken = frozenset().union(*(trial.knobs for trial in state.running))
    moved = {move.knob for move in change.moves}
    if len(state.running) >= limits.trials_max or moved & (taken | state.pinned.keys()):
        return False
    return not state.running or not (moved | taken) & view.alone
