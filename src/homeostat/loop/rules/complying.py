"""Limits from outside are obeyed at once, without a proof."""

from dataclasses import replace

from homeostat.core.order import Mode
from homeostat.core.proof import Decision, Effect, Proof
from homeostat.loop.rules.acts import Act, Put, Resign
from homeostat.loop.rules.state import Limits, LoopState, without
from homeostat.loop.rules.view import Step, View
from homeostat.prove.ledger.entry import EntryKind


def comply(state: LoopState, view: View, limits: Limits) -> Step:
    """Obey limits from outside at once, without a proof; trials of these knobs end."""
    acts: list[Act] = []
    for change in view.musts:
        moved = frozenset(move.knob for move in change.moves)
        if state.mode is not Mode.ACT or moved & state.pinned.keys():
            continue
        stopped = tuple(t for t in state.running if t.knobs & moved)
        acts += [Resign(t.trial, t.change, f"a limit goes before: {change.reason}") for t in stopped]
        state = without(state, moved)
        state = replace(state, configuration=change.applied(state.configuration))
        nothing = Effect("objective", None, None, None, None)
        now_ns, design = view.now_ns, "obeyed at once"
        proof = Proof(Decision.KEEP, change.reason, nothing, (), (), 0, 0, now_ns, now_ns, design)
        acts.append(Put(change, EntryKind.OBEYED, proof))
    return state, tuple(acts)
