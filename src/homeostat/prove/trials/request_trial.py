"""The request trial: each request is assigned to an arm at random, and the arms are compared."""

from homeostat.core.errors import ConfigError
from homeostat.core.objective import Measure
from homeostat.core.plant import CONTROL, TREATMENT, Outcomes
from homeostat.core.proof import Effect
from homeostat.prove.trials.measured_trial import MeasuredTrial
from homeostat.prove.trials.request_arms import RequestArms
from homeostat.prove.trials.trial import Design, TrialPlan


class RequestTrial(MeasuredTrial):
    """A trial that divides the requests at random; both arms see the same load at the same time.

    For each measure there is a confidence sequence an arm. Besides what all trials go by, it ends at
    once where the arms fill in other shares than planned (`SampleRatio`), where failed requests heap up in
    the treatment (`ErrorAlarm`), and where a value cannot be one of its measure.

    Guarantee: a change that is not better is kept with a probability of at most 1 - confidence, at all looks
    together, as good as the sequences hold (see each); halved requests only use one side of the interval,
    so that half of that is typical. Simulated in `benchmarks/trials.py`. Cost: O(1) a row, by numpy; a
    look takes as long as the intervals. Where users are
    assigned (`sticky`) and outcomes name them (`units`), as good as there are many users; it does not hold
    where outcomes do not name them and a few make most of the requests.
    """

    def __init__(self, plan: TrialPlan) -> None:
        """Start without outcomes; raise ConfigError for a plan that does not divide requests."""
        if plan.design is not Design.REQUEST:
            raise ConfigError(f"trial {plan.name!r} is planned as '{plan.design.value}', not by requests")
        super().__init__(plan)
        self._arms = RequestArms(plan, plan.share)

    def observe(self, outcomes: Outcomes) -> None:
        """Take outcomes in the order in which they were known; those of other operations are passed over."""
        arm = self._arm_column(outcomes)
        if arm is not None:
            counts = outcomes.ended_ns >= self.plan.counts_from_ns
            self._arms.extend(outcomes, (arm == CONTROL) & counts, (arm == TREATMENT) & counts)

    @property
    def counts(self) -> tuple[int, int]:
        """Requests in the control and in the treatment."""
        return self._arms.n_control, self._arms.n_treatment

    def _effect(self, measure: Measure, confidence: float, as_share: bool) -> Effect:
        return self._arms.effect(measure, confidence, as_share)

    def _alarm(self) -> str | None:
        return self._arms.alarm()

    def _doubt(self, now_ns: int) -> str | None:
        return self._arms.doubt(now_ns - self.plan.counts_from_ns)
