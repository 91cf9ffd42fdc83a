"""The arms of a trial that divides requests: their sequences, their shares, their errors."""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from homeostat.core.errors import InputError
from homeostat.core.interval import Interval
from homeostat.core.objective import Measure
from homeostat.core.plant import CONTROL, TREATMENT, Outcomes
from homeostat.core.proof import Effect
from homeostat.prove.trials.arm_ratio import ArmRatio
from homeostat.prove.trials.arm_sequences import Arms, arms_of, is_share
from homeostat.prove.trials.block import ERRORS, requests_among
from homeostat.prove.trials.effect_words import short
from homeostat.prove.trials.error_alarm import ErrorAlarm
from homeostat.prove.trials.trial import TrialPlan
from homeostat.prove.trials.unit_spread import Places, UnitSpread, UnitTable

Rows = NDArray[np.bool_]

_PATIENCE = 3
"""Nothing is kept before so many times the longest duration: what takes long is not seen before it ends."""


class RequestArms:
    """What is known of the requests of two arms; `share` is that of those planned to be in the treatment.

    A row that does not tell of `duration` is a late outcome: it counts for its measures, but is no request
    of its own. Where outcomes name the units that were assigned (users), their shares and errors are those of
    the units' first requests, and effects are as wide as the spread between units makes them (`UnitSpread`).
    Cost: O(1) a row, by numpy.
    """

    __slots__ = (
        "_arms",
        "_by_name",
        "_counts",
        "_errors",
        "_ratio",
        "_refused",
        "_spreads",
        "_units",
    )

    def __init__(self, plan: TrialPlan, share: float) -> None:
        """Start without requests."""
        self._ratio = ArmRatio(share)
        self._arms: dict[tuple[Measure, float, bool], Arms] = {}
        self._by_name: dict[str, list[Arms]] = {}
        for term in plan.objective.terms:
            self._add(plan, term.measure, plan.term_confidence, True)
        for guardrail in plan.guardrails:
            self._add(plan, guardrail.measure, plan.confidence, guardrail.relative)
        self._errors = ErrorAlarm(share, *_margin(plan))
        self._spreads = {measure: UnitSpread(share, measure.summary.quantile) for measure in plan.measures}
        self._units = UnitTable()
        self._counts = [0, 0]
        self._refused = ""

    @property
    def n_control(self) -> int:
        """Requests in the control."""
        return self._counts[CONTROL]

    @property
    def n_treatment(self) -> int:
        """Requests in the treatment."""
        return self._counts[TREATMENT]

    def extend(self, outcomes: Outcomes, control: Rows, treatment: Rows) -> None:
        """Take the rows of both arms."""
        places = self._count(outcomes, control, treatment)
        for name, sequences in self._by_name.items():
            column = outcomes.values.get(name)
            if column is None:
                continue
            known = ~np.isnan(column)
            either = (control | treatment) & known
            values, treated = column[either], treatment[either]
            for arms in sequences:
                self._take(arms, values, treated)
            if places is not None:
                for measure in {arms.measure for arms in sequences}:
                    self._spreads[measure].extend(values, treated, places[either])

    def effect(self, measure: Measure, confidence: float, as_share: bool) -> Effect:
        """Return what is known of a measure; where units were assigned, as wide as their spread makes it."""
        found = self._arms[measure, confidence, as_share].effect(as_share)
        widening = self._spreads[measure].widening
        if found.interval is None or found.estimate is None or widening == 1.0:
            return found
        at, held = found.estimate, found.interval
        low, high = at - widening * (at - held.low), at + widening * (held.high - at)
        return replace(found, interval=Interval(low, high, held.confidence))

    def alarm(self) -> str | None:
        """Return why these arms cannot be compared, or must not be; None where nothing is wrong."""
        if self._refused:
            return self._refused
        if self._ratio.mismatch():
            return self._ratio.words
        return self._errors.words if self._errors.rings() else None

    def doubt(self, passed_ns: int) -> str | None:
        """Return why nothing is to be kept as yet, so long after the beginning; None where all is well."""
        if self._ratio.doubtful:
            return "the arms may not have filled as planned"
        if passed_ns < _PATIENCE * self._ratio.longest_ns:
            return "the longest requests may not have ended yet"
        return None

    def _add(self, plan: TrialPlan, measure: Measure, confidence: float, as_share: bool) -> None:
        key = (measure, confidence, as_share)
        if key not in self._arms:
            self._arms[key] = arms_of(measure, confidence, self._ratio.share, plan.bounds, as_share)
            self._by_name.setdefault(measure.name, []).append(self._arms[key])

    def _take(self, arms: Arms, values: NDArray[np.float64], treated: Rows) -> None:
        try:
            arms.extend(values, treated)
        except InputError as error:
            if not self._refused:
                self._refused = f"{short(arms.measure)} of some request cannot be counted: {error}"

    def _count(self, outcomes: Outcomes, control: Rows, treatment: Rows) -> Places | None:
        """Count requests, or units where they are told; return the units' places."""
        either = control | treatment
        control, treatment = requests_among(outcomes, control), requests_among(outcomes, treatment)
        self._counts[CONTROL] += int(np.count_nonzero(control))
        self._counts[TREATMENT] += int(np.count_nonzero(treatment))
        places = None
        if outcomes.units is not None:
            places, first = np.full(either.size, -1, np.int64), np.zeros(either.size, np.bool_)
            places[either], first[either] = self._units.places(outcomes.units[either])
            control, treatment = control & first, treatment & first
        n_control, n_treatment = int(np.count_nonzero(control)), int(np.count_nonzero(treatment))
        self._ratio.extend(outcomes, control, treatment)
        errors = outcomes.values.get(ERRORS)
        if errors is not None:
            failed = errors > 0.0
            failed_treatment = int(np.count_nonzero(failed & treatment))
            self._errors.extend(
                n_treatment, failed_treatment, n_control, int(np.count_nonzero(failed & control))
            )
        return places


def _margin(plan: TrialPlan) -> tuple[float, float]:
    """Return by how much errors may be more: relative, absolute. Without a guardrail on them, not at all."""
    for guardrail in plan.guardrails:
        if guardrail.measure.name == ERRORS and is_share(guardrail.measure):
            return (guardrail.worse_max, 0.0) if guardrail.relative else (0.0, guardrail.worse_max)
    return 0.0, 0.0
