"""The request trial: each request is assigned to an arm at random, and the arms are compared."""

import numpy as np
from numpy.typing import NDArray

from homeostat.core.errors import ConfigError, InputError
from homeostat.core.objective import Measure
from homeostat.core.plant import CONTROL, TREATMENT, Outcomes
from homeostat.core.proof import Effect
from homeostat.prove.arm_sequences import ArmSequences, is_share
from homeostat.prove.effect_words import short
from homeostat.prove.error_alarm import ErrorAlarm
from homeostat.prove.measured_trial import MeasuredTrial
from homeostat.prove.trial import Design, TrialPlan
from homeostat.stats.sample_ratio import SampleRatio

ERRORS, DURATION = "errors", "duration"


class RequestTrial(MeasuredTrial):
    """A trial that divides the requests at random; both arms see the same load at the same time.

    For each measure there is a confidence sequence an arm. Besides what all trials go by, it ends at
    once where the arms fill in other shares than planned (`SampleRatio`), where failed requests heap up in
    the treatment (`ErrorAlarm`), and where a value cannot be one of its measure. A row that does not
    tell of `duration` is a late outcome: it counts for its measures, but is no request of its own.

    Guarantee: a change that is not better is kept with a probability of at most 1 - confidence, at all looks
    together, as good as the sequences hold (see each); halved requests only use one side of the interval,
    so that half of that is typical. Simulated in `benchmarks/trials.py`. Cost: O(1) a row, by numpy; a
    look takes as long as the intervals. Does not hold where users are assigned (`sticky`) and a few of
    them make most of the requests.
    """

    def __init__(self, plan: TrialPlan) -> None:
        """Start without outcomes; raise ConfigError for a plan that does not divide requests."""
        if plan.design is not Design.REQUEST:
            raise ConfigError(f"trial {plan.name!r} is planned as '{plan.design.value}', not by requests")
        super().__init__(plan)
        self._arms: dict[tuple[Measure, float], ArmSequences] = {}
        for term in plan.objective.terms:
            self._add(term.measure, plan.term_confidence)
        for guardrail in plan.guardrails:
            self._add(guardrail.measure, plan.confidence)
        self._by_name: dict[str, list[ArmSequences]] = {}
        for arms in self._arms.values():
            self._by_name.setdefault(arms.measure.name, []).append(arms)
        self._ratio = SampleRatio(plan.share)
        self._errors = ErrorAlarm(plan.share, *_margin(plan))
        self._refused = ""

    def observe(self, outcomes: Outcomes) -> None:
        """Take outcomes in the order in which they were known; those of other operations are passed over."""
        plan = self.plan
        arm = outcomes.arms.get(plan.name)
        if arm is None or outcomes.operation != plan.objective.operation:
            return
        self.dropped += outcomes.dropped
        counts = outcomes.ended_ns >= plan.counts_from_ns
        control, treatment = (arm == CONTROL) & counts, (arm == TREATMENT) & counts
        self._count(outcomes, control, treatment)
        for name, sequences in self._by_name.items():
            column = outcomes.values.get(name)
            if column is None:
                continue
            known = ~np.isnan(column)
            values = column[control & known], column[treatment & known]
            for arms in sequences:
                self._take(arms, *values)

    def _add(self, measure: Measure, confidence: float) -> None:
        key = (measure, confidence)
        if key not in self._arms:
            self._arms[key] = ArmSequences(measure, confidence, self.plan.bounds)

    def _take(self, arms: ArmSequences, control: NDArray[np.float64], treatment: NDArray[np.float64]) -> None:
        try:
            arms.extend(control, treatment)
        except InputError as error:
            if not self._refused:
                self._refused = f"{short(arms.measure)} of some request cannot be counted: {error}"

    def _count(self, outcomes: Outcomes, control: NDArray[np.bool_], treatment: NDArray[np.bool_]) -> None:
        """Count the requests of both arms, and those that failed."""
        duration = outcomes.values.get(DURATION)
        if duration is not None:
            whole = ~np.isnan(duration)
            control, treatment = control & whole, treatment & whole
        n_control, n_treatment = int(np.count_nonzero(control)), int(np.count_nonzero(treatment))
        self.n_control += n_control
        self.n_treatment += n_treatment
        self._ratio.extend(n_treatment, n_control)
        errors = outcomes.values.get(ERRORS)
        if errors is not None:
            failed = errors > 0.0
            self._errors.extend(
                n_treatment,
                int(np.count_nonzero(failed & treatment)),
                n_control,
                int(np.count_nonzero(failed & control)),
            )

    def _effect(self, measure: Measure, confidence: float, as_share: bool) -> Effect:
        return self._arms[measure, confidence].effect(as_share)

    def _alarm(self) -> str | None:
        if self._refused:
            return self._refused
        if self._ratio.mismatch():
            units = self._ratio.treatment + self._ratio.control
            return (
                f"the arms do not fill as planned: {self._ratio.seen:.1%} of {units:,} requests reached the "
                f"treatment instead of {self.plan.share:.1%}, so that they cannot be compared: "
                "some requests are lost or counted twice"
            )
        if self._errors.rings():
            return self._errors.words
        return None


def _margin(plan: TrialPlan) -> tuple[float, float]:
    """Return by how much errors may be more: relative, absolute. Without a guardrail on them, not at all."""
    for guardrail in plan.guardrails:
        if guardrail.measure.name == ERRORS and is_share(guardrail.measure):
            return (guardrail.worse_max, 0.0) if guardrail.relative else (0.0, guardrail.worse_max)
    return 0.0, 0.0
