"""What all trials share: from the effects on measures to the decision, and how far it has come."""

from abc import ABC, abstractmethod

import numpy as np
from numpy.typing import NDArray

from homeostat.core.clock import SECOND_NS
from homeostat.core.objective import Measure
from homeostat.core.plant import Outcomes
from homeostat.core.proof import Decision, Effect, Proof
from homeostat.prove.trials.effect_words import about, length_words
from homeostat.prove.trials.standing import (
    Standing,
    checked,
    decision,
    guardrail_words,
    objective_effect,
    share_decided,
    shown,
    undecided,
)
from homeostat.prove.trials.trial import Progress, TrialPlan


class MeasuredTrial(ABC):
    """A trial that is decided by intervals of effects which are valid at every look.

    Kept is what is proven better by more than `gain_min` while every guardrail is proven to hold. Rolled back
    at once is what is proven worse, proven to break a guardrail or proven to gain too little, and what
    raises an alarm; at the deadline, what is undecided.
    """

    def __init__(self, plan: TrialPlan) -> None:
        """Start without outcomes."""
        self.plan = plan
        self.dropped = 0
        self._proof: Proof | None = None

    @abstractmethod
    def observe(self, outcomes: Outcomes) -> None:
        """Take outcomes in the order in which they were known."""

    @property
    @abstractmethod
    def counts(self) -> tuple[int, int]:
        """Requests in the control and in the treatment."""

    @abstractmethod
    def _effect(self, measure: Measure, confidence: float, as_share: bool) -> Effect:
        """Return what is known of a measure at a confidence."""

    @abstractmethod
    def _alarm(self) -> str | None:
        """Return why the trial must end at once, whatever its effects; None where nothing is wrong."""

    def _doubt(self, now_ns: int) -> str | None:
        """Return why nothing can be kept as yet, though the trial may go on; None where all is well."""
        return None

    def _arm_column(self, outcomes: Outcomes) -> NDArray[np.int8] | None:
        """Return the arms of outcomes that belong to this trial, None for others."""
        if outcomes.operation != self.plan.objective.operation or self.plan.name not in outcomes.arms:
            return None
        self.dropped += outcomes.dropped
        return outcomes.arms[self.plan.name]

    def _advance(self, now_ns: int) -> None:  # noqa: B027 most trials do nothing as time goes by
        """Take what is ripe by now into account."""

    def standing(self) -> Standing:
        """Return all effects as they are known now."""
        plan = self.plan
        terms = tuple(self._effect(t.measure, plan.term_confidence, True) for t in plan.objective.terms)
        guardrails = tuple(
            checked(g, self._effect(g.measure, plan.confidence, g.relative)) for g in plan.guardrails
        )
        return Standing(objective_effect(plan.objective, terms, plan.confidence), terms, guardrails)

    def proof(self, now_ns: int) -> Proof | None:
        """Return the decision, None as long as there is none; once made, it stays."""
        if self._proof is None:
            self._advance(now_ns)
            standing = self.standing()
            found = self._decided(standing, now_ns)
            if found is not None:
                self._proof = self._proven(standing, *found, now_ns)
        return self._proof

    def progress(self, now_ns: int) -> Progress:
        """Return how far the trial has come."""
        plan = self.plan
        self._advance(now_ns)
        standing = self.standing()
        share = 1.0 if self._proof else share_decided(plan.objective, plan.guardrails, standing)
        n = sum(self.counts)
        passed_s = max((now_ns - plan.counts_from_ns) / SECOND_NS, 0.0)
        requests = seconds = None
        if share:
            requests = round(n * (1.0 / share - 1.0))
            seconds = passed_s * (1.0 / share - 1.0)
        return Progress(
            *self.counts,
            share or 0.0,
            standing.objective,
            standing.terms,
            standing.guardrails,
            requests,
            seconds,
            self._words(standing, requests, seconds, now_ns),
        )

    def _decided(self, standing: Standing, now_ns: int) -> tuple[Decision, str] | None:
        alarm = self._alarm()
        if alarm is not None:
            return Decision.ROLL_BACK, alarm
        found = decision(self.plan.objective, standing)
        doubt = self._doubt(now_ns)
        if found is not None and found[0] is Decision.KEEP and doubt:
            found = None
        if found is None and now_ns >= self.plan.deadline_ns:
            return Decision.ROLL_BACK, undecided(self.plan.objective, standing, doubt) + self._lost()
        return found

    def _proven(self, standing: Standing, what: Decision, reason: str, now_ns: int) -> Proof:
        return Proof(
            what,
            reason,
            standing.objective,
            standing.terms,
            standing.guardrails,
            *self.counts,
            self.plan.begin_ns,
            now_ns,
            self.plan.design.value,
        )

    def _lost(self) -> str:
        return f"; {self.dropped:,} outcomes were lost on the way" if self.dropped else ""

    def _words(self, standing: Standing, requests: int | None, seconds: float | None, now_ns: int) -> str:
        n = sum(self.counts)
        plan = self.plan
        if self._proof is not None:
            return f"{self._proof.decision.value} after {n:,} requests: {self._proof.reason}"
        if standing.objective.interval is None:
            told = f"{n:,} requests, too few to tell anything of {standing.objective.measure} yet"
            rest = length_words(max((plan.deadline_ns - now_ns) / SECOND_NS, 0.0))
            return f"{told}; {rest} to the deadline"
        parts = [shown(standing), *(guardrail_words(check) for check in standing.guardrails)]
        so_far = "; ".join(parts) + self._lost()
        if requests is None or seconds is None:
            return f"{n:,} requests; {so_far}; it cannot be said how many more are needed"
        left_s = (plan.deadline_ns - now_ns) / SECOND_NS
        late = ", which is after the deadline" if seconds > left_s else ""
        much = f"about {about(requests)} more, {length_words(seconds)}" if requests else "about to be decided"
        return f"{n:,} requests, {much}{late}; {so_far}"
