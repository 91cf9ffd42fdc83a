"""How an application is to run for the trials under way: a pure function of their plans and the time."""

import hashlib
from collections.abc import Iterable

from homeostat.core.clock import SECOND_NS
from homeostat.core.knob import Configuration
from homeostat.core.plant import CONTROL, TREATMENT, Split, Steering
from homeostat.prove.trials.trial import Design, TrialPlan


def arm_at(plan: TrialPlan, time_ns: int) -> int:
    """Return the arm of a switchback at a time: CONTROL or TREATMENT.

    Blocks come in pairs, one of each arm, in an order that is drawn by the trial's name and beginning and
    the number of the pair: it cannot fall in step with anything that the application does by the clock.
    """
    block = (time_ns - plan.begin_ns) // round(plan.block_s * SECOND_NS)
    drawn = hashlib.sha256(f"{plan.name}:{plan.begin_ns}:{block // 2}".encode()).digest()[0] & 1
    return TREATMENT if (drawn ^ (block & 1)) else CONTROL


def split_of(plan: TrialPlan) -> Split | None:
    """Return how a trial divides the requests, None where it does not."""
    match plan.design:
        case Design.REQUEST:
            return Split(plan.name, plan.treatment, plan.share, plan.sticky)
        case Design.SHADOW:
            return Split(plan.name, plan.treatment, plan.share, plan.sticky, shadow=True)
        case Design.HOLD_BACK:  # the change is in force by now: what is split off is what was before
            return Split(plan.name, plan.control, plan.share, plan.sticky)
        case _:
            return None


def steered(base: Configuration, plans: Iterable[TrialPlan], now_ns: int) -> Steering:
    """Return how the application is to run now: the configuration in force, and trials on top of it.

    >>> from homeostat.core.change import Change, Move
    >>> from homeostat.core.objective import Measure, Objective, Term
    >>> faster = Change((Move("batch", 8, 16),), "a person", "to try")
    >>> plan = TrialPlan("t1", faster, Objective((Term(Measure("duration")),)), (), 0, 1)
    >>> steered({"batch": 8}, [plan], 0).splits[0].treatment
    {'batch': 16}
    """
    splits = []
    for plan in plans:
        split = split_of(plan)
        if split is not None:
            splits.append(split)
        elif plan.design is Design.SWITCHBACK and arm_at(plan, now_ns) == TREATMENT:
            base = plan.change.applied(base)
    return Steering(base, tuple(splits))
