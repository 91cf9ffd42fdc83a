"""What was kept is watched, and taken back where it turns out to be worse."""

from dataclasses import replace

from homeostat.core.change import Change, Move
from homeostat.loop.rules.acts import Act, Put, Stand
from homeostat.loop.rules.state import Limits, LoopState, without
from homeostat.loop.rules.view import Step, View
from homeostat.prove.ledger.entry import EntryKind

KEPT_BY = "kept_by"
"""Label of a change that takes back a kept one: who had proposed that."""


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
            state = without(state, frozenset(m.knob for m in back))
        elif (stood := view.stood.get(kept.trial)) is not None:
            acts.append(Stand(kept.trial, kept.change, stood))
            state = replace(state, held=tuple(other for other in state.held if other is not kept))
    return state, tuple(acts)
