"""The switchback trial: the whole process runs with and without a change by turns, in random order."""

import math

import numpy as np
from numpy.typing import NDArray

from homeostat.core.clock import SECOND_NS
from homeostat.core.errors import ConfigError
from homeostat.core.interval import Interval
from homeostat.core.objective import Measure
from homeostat.core.plant import CONTROL, TREATMENT, Outcomes
from homeostat.core.proof import Effect
from homeostat.prove.trials.arm_sequences import is_share
from homeostat.prove.trials.block import Block, requests_among
from homeostat.prove.trials.measured_trial import MeasuredTrial
from homeostat.prove.trials.steered import arm_at
from homeostat.prove.trials.trial import Design, TrialPlan
from homeostat.stats.confidence_sequence import MAGNITUDE_MAX
from homeostat.stats.switchback import Switchback

Floats = NDArray[np.float64]

_DISASTER_MIN = 20
"""Requests of a block before it can be one in which everything fails."""

_LOG_MAX = 700.0

_ANY = (-MAGNITUDE_MAX, MAGNITUDE_MAX)

_WAIT_MAX = 0.25
"""The share of the trial that a pair waits at most for late outcomes, before it counts."""

POSITIVE = frozenset({"duration", "cost", "tokens", "throughput"})
"""Measures whose blocks are compared by the logarithms of their numbers: they multiply rather than add."""


class _Pairs:
    """One measure: its pairs of blocks, as they are and, where all are above zero, as logarithms."""

    __slots__ = ("_logs", "_plain", "control", "treatment", "weights")

    def __init__(self, confidence: float, positive: bool) -> None:
        self._plain = Switchback(confidence)
        self._logs = Switchback(confidence) if positive else None
        self.control = self.treatment = 0.0
        self.weights = [0.0, 0.0]

    def take(self, treatment: tuple[float, float], control: tuple[float, float]) -> None:
        weights = treatment[1], control[1]
        self._plain.pair(treatment[0], control[0], *weights)
        if min(treatment[0], control[0]) <= 0.0:
            self._logs = None
        if self._logs is not None:
            self._logs.pair(math.log(treatment[0]), math.log(control[0]), *weights)
        self.treatment += treatment[0] * treatment[1]
        self.control += control[0] * control[1]
        self.weights[CONTROL] += control[1]
        self.weights[TREATMENT] += treatment[1]

    @property
    def count(self) -> int:
        """The number of pairs."""
        return self._plain.pairs

    def effect(self, as_share: bool) -> tuple[float, Interval | None]:
        """Return the effect, relative or in the measure's unit, and its interval once it is known."""
        if not as_share:
            return self._plain.difference_estimate, self._plain.difference()
        if self._logs is None:
            return self._plain.relative_estimate, self._plain.relative()
        held = self._logs.difference()
        if held is not None:
            held = Interval(_ratio(held.low), _ratio(held.high), held.confidence)
        return _ratio(self._logs.difference_estimate), held


class SwitchbackTrial(MeasuredTrial):
    """A trial that divides time: for knobs of the whole process, and for throughput.

    Blocks of `block_s` come in pairs, one of each arm, in an order drawn for each pair (see `arm_at`). What
    ends in the first `settle_s` of a block is the carry-over of the other arm and is not counted. A
    pair counts when it has been over for a block, or for as long as late outcomes come after their requests
    (at most a quarter of the trial). A block's number is its mean, its quantile or its requests a second;
    blocks with too few values leave their pair out for that measure. Relative effects on durations, cost,
    tokens and throughput are those of the logarithms: the typical ratio of a pair's blocks. As long as
    a block's number may be zero they are ratios of means, as those of all other measures are.

    Guarantee: that of `stats.Switchback`: exact for pairs that are normal or symmetric, and held under drift,
    cycles and autocorrelation, since the order is drawn. Cost: O(1) a row, by numpy; memory: the values
    of the pairs that wait. Does not hold where the change works on beyond `settle_s`: the effect then looks
    smaller than it is. A quantile is that of blocks, which is not quite that of all. A typical ratio is not
    that of sums where a change helps in most blocks and does much harm in few.
    """

    def __init__(self, plan: TrialPlan) -> None:
        """Start without outcomes; raise ConfigError for a plan that does not divide time."""
        if plan.design is not Design.SWITCHBACK:
            raise ConfigError(
                f"trial {plan.name!r} is planned as '{plan.design.value}', not by blocks of time"
            )
        super().__init__(plan)
        self._block_ns = round(plan.block_s * SECOND_NS)
        self._settle_ns = round(plan.settle_s * SECOND_NS)
        self._blocks: dict[int, Block] = {}
        self._next_pair = 0
        self._seconds = plan.block_s - plan.settle_s
        self._refused = ""
        self._errors_control = 0
        self._newest_ns = self._lag_ns = 0
        self._pairs: dict[tuple[Measure, float], _Pairs] = {}
        for term in plan.objective.terms:
            self._count(term.measure, plan.term_confidence)
        for guardrail in plan.guardrails:
            self._count(guardrail.measure, plan.confidence)
        self._names = frozenset(measure.name for measure, _ in self._pairs)
        self._counts = [0, 0]
        self._shares = {measure.name for measure, _ in self._pairs if is_share(measure)}

    def _count(self, measure: Measure, confidence: float) -> None:
        self._pairs.setdefault((measure, confidence), _Pairs(confidence, measure.name in POSITIVE))

    @property
    def pairs(self) -> int:
        """Pairs of blocks that are over."""
        return self._next_pair

    def observe(self, outcomes: Outcomes) -> None:
        """Take outcomes in the order in which they were known; the arm is told by when a request ended."""
        if outcomes.operation != self.plan.objective.operation or not outcomes.ended_ns.size:
            return
        self.dropped += outcomes.dropped
        self._look_for_lag(outcomes)
        since = outcomes.ended_ns - self.plan.begin_ns
        number = since // self._block_ns
        counts = (since >= 0) & (since % self._block_ns >= self._settle_ns) & (number >= 2 * self._next_pair)
        for block in np.unique(number[counts]).tolist():
            self._fill(int(block), outcomes, counts & (number == block))

    @property
    def counts(self) -> tuple[int, int]:
        """Requests that ended without the change and with it, carry-over left out."""
        return self._counts[CONTROL], self._counts[TREATMENT]

    def _fill(self, number: int, outcomes: Outcomes, rows: NDArray[np.bool_]) -> None:
        block = self._blocks.setdefault(number, Block())
        requests, errors = block.requests, block.errors
        for name in self._names & outcomes.values.keys():
            self._check(name, outcomes.values[name][rows])
        block.take(outcomes, rows, self._names)
        self._counts[self._arm(number)] += block.requests - requests
        if self._arm(number) == CONTROL:
            self._errors_control += block.errors - errors
        else:
            self._look_for_disaster(block)

    def _advance(self, now_ns: int) -> None:
        """Count the pairs that are over, and whose late outcomes had a block's time to come in."""
        plan = self.plan
        wait_ns = min(
            max(self._block_ns, self._lag_ns), round(_WAIT_MAX * (plan.deadline_ns - plan.begin_ns))
        )
        over = (now_ns - wait_ns - plan.begin_ns) // self._block_ns
        while 2 * self._next_pair + 2 <= over:
            first, second = (self._blocks.pop(2 * self._next_pair + i, Block()) for i in (0, 1))
            if self._arm(2 * self._next_pair) == TREATMENT:
                first, second = second, first
            for (measure, _), pairs in self._pairs.items():
                control, treatment = (b.summary(measure, self._seconds) for b in (first, second))
                if control is not None and treatment is not None:
                    pairs.take(treatment, control)
            self._next_pair += 1

    def _effect(self, measure: Measure, confidence: float, as_share: bool) -> Effect:
        pairs = self._pairs[measure, confidence]
        if not pairs.count:
            return Effect(measure.words, None, None, None, None, as_share)
        estimate, interval = pairs.effect(as_share)
        return Effect(
            measure.words,
            pairs.control / pairs.weights[CONTROL],
            pairs.treatment / pairs.weights[TREATMENT],
            estimate if math.isfinite(estimate) else None,
            interval,
            as_share,
        )

    def _alarm(self) -> str | None:
        return self._refused or None

    def _arm(self, number: int) -> int:
        return arm_at(self.plan, self.plan.begin_ns + number * self._block_ns)

    def _check(self, name: str, values: Floats) -> None:
        """Refuse values that cannot be those of a measure: the trial ends."""
        low, high = (0.0, 1.0) if name in self._shares else self.plan.bounds.get(name, _ANY)
        bad = values[(values < low) | (values > high)]
        if bad.size and not self._refused:
            self._refused = (
                f"{name} of some request cannot be counted: it is {bad[0]:g}, not from {low:g} to {high:g}"
            )

    def _look_for_lag(self, outcomes: Outcomes) -> None:
        """Learn how much later than their requests late outcomes come."""
        whole = requests_among(outcomes, np.ones(outcomes.ended_ns.size, np.bool_))
        if whole.any():
            self._newest_ns = max(self._newest_ns, int(outcomes.ended_ns[whole].max()))
        if self._newest_ns and not whole.all():
            self._lag_ns = max(self._lag_ns, self._newest_ns - int(outcomes.ended_ns[~whole].min()))

    def _look_for_disaster(self, block: Block) -> None:
        """End the trial where half of a block's requests fail under a change, and hardly any without it.

        No pair is waited for: a block may take minutes. That an outage may be blamed on a change costs
        no more than that trial.
        """
        if (
            block.requests >= _DISASTER_MIN
            and block.errors >= block.requests / 2
            and self._errors_control <= self._counts[CONTROL] / 10
            and not self._refused
        ):
            self._refused = (
                f"too many requests fail: {block.errors:,} of {block.requests:,} in one block with the change"
            )


def _ratio(log: float) -> float:
    """Return a difference of logarithms as a relative change; infinite beyond all figures."""
    return math.expm1(log) if log < _LOG_MAX else math.inf
