"""The hold-back: a few requests stay as they were, so that a later loss of a kept change is seen."""

from dataclasses import replace

from homeostat.core.errors import ConfigError
from homeostat.core.objective import Measure
from homeostat.core.plant import CONTROL, TREATMENT, Outcomes
from homeostat.core.proof import Decision, Effect
from homeostat.core.verdict import State
from homeostat.prove.trials.effect_words import effect_words
from homeostat.prove.trials.measured_trial import MeasuredTrial
from homeostat.prove.trials.request_arms import RequestArms
from homeostat.prove.trials.standing import Standing, shown
from homeostat.prove.trials.trial import Design, TrialPlan


def hold_back_plan(plan: TrialPlan, share: float, length_ns: int, now_ns: int) -> TrialPlan:
    """Return how a kept change goes on being watched: the share `share` of requests stays as it was.

    Where requests were not divided, they cannot be held back either: the change is watched alone.
    """
    by_request = plan.design is Design.REQUEST or plan.design is Design.SHADOW
    return replace(
        plan,
        name=f"{plan.name}-hold-back",
        design=Design.HOLD_BACK if by_request else Design.WATCH,
        share=share,
        begin_ns=now_ns,
        deadline_ns=now_ns + length_ns,
    )


class HoldBack(MeasuredTrial):
    """A trial after the keep: nearly all requests have the change, the share `share` has what was before.

    Its proof is to ROLL_BACK once the change is proven worse than what was before (its objective, or a
    guardrail that is proven broken), or more of its requests fail; else to KEEP when the deadline has
    come. Effects are of the change against what was before, as in the trial; in the arms' column those held
    back are the TREATMENT, since by now the change is in force.

    Guarantee: a change that is not worse is taken back with a probability of at most 1 - confidence for
    the objective, and of as much for each guardrail at its margin. Cost: that of a `RequestTrial`. It
    takes 1 / (4 share (1 - share)) times the requests of one with halves to see the same effect: at 5% 5.3
    times.
    """

    def __init__(self, plan: TrialPlan) -> None:
        """Start without outcomes; raise ConfigError for another design."""
        if plan.design is not Design.HOLD_BACK:
            raise ConfigError(f"trial {plan.name!r} is planned as '{plan.design.value}', not as a hold-back")
        super().__init__(plan)
        self._arms = RequestArms(plan, 1.0 - plan.share)

    def observe(self, outcomes: Outcomes) -> None:
        """Take outcomes in the order in which they were known; those of other operations are passed over."""
        arm = self._arm_column(outcomes)
        if arm is not None:
            counts = outcomes.ended_ns >= self.plan.counts_from_ns
            self._arms.extend(outcomes, (arm == TREATMENT) & counts, (arm == CONTROL) & counts)

    @property
    def counts(self) -> tuple[int, int]:
        """Requests that were held back, and those with the change."""
        return self._arms.n_control, self._arms.n_treatment

    def _effect(self, measure: Measure, confidence: float, as_share: bool) -> Effect:
        return self._arms.effect(measure, confidence, as_share)

    def _alarm(self) -> str | None:
        return self._arms.alarm()

    def _decided(self, standing: Standing, now_ns: int) -> tuple[Decision, str] | None:
        alarm = self._alarm()
        if alarm is not None:
            return Decision.ROLL_BACK, alarm
        for check in standing.guardrails:
            if check.state is State.VIOLATED:
                return Decision.ROLL_BACK, f"by now a guardrail is broken: {effect_words(check.effect)}"
        held = standing.objective.interval
        if held is not None and held.low > 0.0:
            return Decision.ROLL_BACK, f"by now proven worse than before the change: {shown(standing)}"
        if now_ns < self.plan.deadline_ns:
            return None
        return Decision.KEEP, f"no loss was seen to the end of the hold-back: {shown(standing)}"
