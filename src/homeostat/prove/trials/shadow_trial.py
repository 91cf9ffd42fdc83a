"""The shadow trial: both implementations run on the same requests, and only one's result is used."""

from dataclasses import replace

from homeostat.core.errors import ConfigError
from homeostat.core.objective import Measure
from homeostat.core.plant import CONTROL, TREATMENT, Outcomes
from homeostat.core.proof import Effect
from homeostat.prove.trials.measured_trial import MeasuredTrial
from homeostat.prove.trials.request_arms import RequestArms
from homeostat.prove.trials.trial import Design, TrialPlan


class ShadowTrial(MeasuredTrial):
    """A trial without risk for users: of the share `share` of requests, a copy runs with the change.

    Each such request gives a row in the control and one in the treatment: as many of each, or the trial ends,
    since lost shadows are those that failed.

    Guarantee: that of a `RequestTrial`; since both arms see the very same requests, what these differ in
    widens the intervals of each arm, but not the truth between them: it misses less often than
    stated. Cost: that of a `RequestTrial`, and the shadow's work. Does not hold for measures that
    only users can tell (ratings of the shadow's result), nor where both slow each other down.
    """

    def __init__(self, plan: TrialPlan) -> None:
        """Start without outcomes; raise ConfigError for another design."""
        if plan.design is not Design.SHADOW:
            raise ConfigError(f"trial {plan.name!r} is planned as '{plan.design.value}', not as a shadow")
        super().__init__(plan)
        self._arms = RequestArms(plan, 0.5)

    def observe(self, outcomes: Outcomes) -> None:
        """Take outcomes in the order in which they were known; those of other operations are passed over."""
        arm = self._arm_column(outcomes)
        if arm is not None:
            counts = outcomes.ended_ns >= self.plan.counts_from_ns
            outcomes = replace(outcomes, units=None)  # each request is in both arms, and so is its user
            self._arms.extend(outcomes, (arm == CONTROL) & counts, (arm == TREATMENT) & counts)

    @property
    def counts(self) -> tuple[int, int]:
        """Requests that were shadowed, and shadows."""
        return self._arms.n_control, self._arms.n_treatment

    def _effect(self, measure: Measure, confidence: float, as_share: bool) -> Effect:
        return self._arms.effect(measure, confidence, as_share)

    def _alarm(self) -> str | None:
        return self._arms.alarm()

    def _doubt(self, now_ns: int) -> str | None:
        return self._arms.doubt(now_ns - self.plan.counts_from_ns)
