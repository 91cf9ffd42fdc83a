"""Which trial runs a plan."""

from collections.abc import Callable

from homeostat.core.proof import Proof
from homeostat.prove.trials.hold_back import HoldBack
from homeostat.prove.trials.request_trial import RequestTrial
from homeostat.prove.trials.shadow_trial import ShadowTrial
from homeostat.prove.trials.switchback_trial import SwitchbackTrial
from homeostat.prove.trials.trial import Design, Trial, TrialPlan
from homeostat.prove.trials.watch import Watch

_TRIALS: dict[Design, Callable[[TrialPlan], Trial]] = {
    Design.REQUEST: RequestTrial,
    Design.SWITCHBACK: SwitchbackTrial,
    Design.SHADOW: ShadowTrial,
}


def open_trial(plan: TrialPlan) -> Trial:
    """Return the trial of a plan, without outcomes yet."""
    return _TRIALS[plan.design](plan)


def open_hold_back(plan: TrialPlan, proof: Proof) -> Trial:
    """Return what watches a kept change by a plan that `hold_back_plan` made; `proof` is that of its keep.

    Its own proof is to ROLL_BACK what has turned out to be worse, to KEEP what stood to the deadline.
    """
    return HoldBack(plan) if plan.design is Design.HOLD_BACK else Watch(plan, proof)
