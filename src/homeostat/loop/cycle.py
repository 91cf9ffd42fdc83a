"""The cycle: one pure step of the loop, from how things stand to what is to be done."""

from homeostat.loop.rules.acts import Act
from homeostat.loop.rules.complying import comply
from homeostat.loop.rules.keeping import watch
from homeostat.loop.rules.obeying import obey
from homeostat.loop.rules.relieving import relieve
from homeostat.loop.rules.state import Limits, LoopState
from homeostat.loop.rules.trying import begin, conclude, give_up, make_way
from homeostat.loop.rules.view import Step, View

RULES = (obey, conclude, give_up, watch, make_way, comply, relieve, begin)
"""In this order: people first, what is decided before what is new, and what must be before what may be."""


def step(state: LoopState, view: View, limits: Limits) -> Step:
    """Return what the loop knows after this look, and what is to be done, in this order."""
    acts: tuple[Act, ...] = ()
    for rule in RULES:
        state, done = rule(state, view, limits)
        acts += done
    return state, acts
