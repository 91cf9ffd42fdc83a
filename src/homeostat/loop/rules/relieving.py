"""Resources that run short are relieved by what the application handed in for that."""

from dataclasses import replace

from homeostat.core.order import Mode
from homeostat.loop.rules.acts import Soothe
from homeostat.loop.rules.state import Limits, LoopState
from homeostat.loop.rules.view import Step, View

BY = "resources"


def relieve(state: LoopState, view: View, limits: Limits) -> Step:
    """Relieve what is short, each resource now and then only: a relief has its own cost, and needs time."""
    if state.mode is not Mode.ACT:
        return state, ()
    last_ns = state.relieved_ns
    due = {
        resource: why
        for resource, why in view.short.items()
        if resource not in last_ns or view.now_ns - last_ns[resource] >= limits.relief_every_ns
    }
    relieved = {**state.relieved_ns, **dict.fromkeys(due, view.now_ns)}
    return replace(state, relieved_ns=relieved), tuple(Soothe(r, BY, why) for r, why in due.items())
