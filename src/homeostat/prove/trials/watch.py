"""The watch: a kept change that holds for the whole process is compared with what its trial showed."""

from dataclasses import dataclass

import numpy as np

from homeostat.core.clock import SECOND_NS
from homeostat.core.errors import ConfigError
from homeostat.core.objective import Measure
from homeostat.core.plant import Outcomes
from homeostat.core.proof import Decision, Effect, GuardrailCheck, Proof
from homeostat.core.verdict import State
from homeostat.prove.trials.block import Block
from homeostat.prove.trials.effect_words import length_words, percent, signed
from homeostat.prove.trials.standing import worse_sign
from homeostat.prove.trials.trial import Design, Progress, TrialPlan
from homeostat.stats.change_monitor import Change, ChangeMonitor

FALSE_ALARMS = 0.05
"""The share of watches that end with a false alarm, spread over what is watched."""


@dataclass(slots=True)
class _Level:
    """Something that is watched: a monitor of how much worse blocks are than the trial's control was.

    `limit` is what may not be exceeded after a change of level: zero for the objective, whose gain is gone
    then, and the margin for a guardrail.
    """

    words: str
    terms: tuple[tuple[Measure, float, float], ...]  # a measure, its weight, and what it was in the control
    limit: float
    relative: bool
    monitor: ChangeMonitor
    total: float = 0.0
    blocks: int = 0
    since: Change | None = None

    def worse(self, block: Block, seconds: float) -> float | None:
        """Return how much worse a block is than the trial's control, None where it does not tell."""
        found = 0.0
        for measure, weight, control in self.terms:
            summary = block.summary(measure, seconds)
            if summary is None:
                return None
            apart = summary[0] - control
            found += weight * worse_sign(measure) * (apart / abs(control) if self.relative else apart)
        return found


class Watch:
    """Watches a kept change without anything to compare it with but its own trial.

    Of each block of `block_s` the weighted objective and each guardrail are held against what they were in
    the trial's control. Once a lasting change of level is told (`ChangeMonitor`) that uses up the whole gain,
    or breaks a guardrail, the proof is to ROLL_BACK; at the deadline, to KEEP.

    Guarantee: weaker than that of a hold-back: about 5% of watches of a steady application end with a false
    alarm, and *what* made it worse cannot be told: the change, or something else. A loss within the first 32
    blocks is only told after them. Cost: O(1) a row, 4 us a block and measure. Does not hold where the load
    has a daily cycle that moves the objective by more than the gain.
    """

    def __init__(self, plan: TrialPlan, proof: Proof) -> None:
        """Start without outcomes; `proof` is that of the keep; raise ConfigError for another design."""
        if plan.design is not Design.WATCH:
            raise ConfigError(f"trial {plan.name!r} is planned as '{plan.design.value}', not as a watch")
        self.plan = plan
        self._proof: Proof | None = None
        self._block_ns = round(plan.block_s * SECOND_NS)
        self._blocks: dict[int, Block] = {}
        self._next = 0
        self._requests = 0
        self._levels = _levels(plan, proof)
        self._names = frozenset(measure.name for level in self._levels for measure, _, _ in level.terms)

    def observe(self, outcomes: Outcomes) -> None:
        """Take outcomes in the order in which they were known; those of other operations are passed over."""
        if outcomes.operation != self.plan.objective.operation or not outcomes.ended_ns.size:
            return
        number = (outcomes.ended_ns - self.plan.counts_from_ns) // self._block_ns
        for index in np.unique(number[number >= self._next]).tolist():
            block = self._blocks.setdefault(index, Block())
            before = block.requests
            block.take(outcomes, number == index, self._names)
            self._requests += block.requests - before

    def proof(self, now_ns: int) -> Proof | None:
        """Return the decision, None as long as there is none; once made, it stays."""
        if self._proof is None:
            self._close_until(now_ns)
            found = self._decided(now_ns)
            if found is not None:
                self._proof = Proof(
                    *found,
                    self._effect(self._levels[0]),
                    (),
                    self._checks(),
                    0,
                    self._requests,
                    self.plan.begin_ns,
                    now_ns,
                    self.plan.design.value,
                )
        return self._proof

    def progress(self, now_ns: int) -> Progress:
        """Return how much of the watch is over."""
        self._close_until(now_ns)
        plan = self.plan
        left_s = max((plan.deadline_ns - now_ns) / SECOND_NS, 0.0)
        share = 1.0 - left_s * SECOND_NS / (plan.deadline_ns - plan.begin_ns)
        first = self._levels[0]
        words = f"watched for another {length_words(left_s)}: {first.words} {self._so_far(first)}"
        if self._proof is not None:
            words = f"{self._proof.decision.value}: {self._proof.reason}"
        return Progress(
            0,
            self._requests,
            1.0 if self._proof else min(max(share, 0.0), 1.0),
            self._effect(self._levels[0]),
            (),
            self._checks(),
            None,
            left_s,
            words,
        )

    def _close_until(self, now_ns: int) -> None:
        over = (now_ns - self.plan.counts_from_ns) // self._block_ns
        while self._next < over - 1:  # the newest full one waits a block for late outcomes
            block = self._blocks.pop(self._next, None)
            self._next += 1
            if block is None:
                continue
            for level in self._levels:
                worse = level.worse(block, self.plan.block_s)
                if worse is None:
                    continue
                level.total += worse
                level.blocks += 1
                level.since = level.monitor.update(worse) or level.since

    def _decided(self, now_ns: int) -> tuple[Decision, str] | None:
        for level in self._levels:
            shift = level.since.shift if level.since else None
            if level.since and shift and shift.difference > 0.0 and shift.after > level.limit:
                ago_s = (self._next - level.since.index) * self.plan.block_s
                show = percent if level.relative else signed
                return Decision.ROLL_BACK, (
                    f"{level.words} got worse {length_words(ago_s)} ago and is {show(shift.after)} against "
                    "what it was without the change in its trial; whether the change or something else made "
                    "it so cannot be told without requests that are held back"
                )
        if now_ns < self.plan.deadline_ns:
            return None
        return Decision.KEEP, f"no loss was seen to the end of the watch: {self._so_far(self._levels[0])}"

    def _so_far(self, level: _Level) -> str:
        if not level.blocks:
            return "not known yet"
        show = percent if level.relative else signed
        return f"{show(level.total / level.blocks)} against without the change, below zero being better"

    def _effect(self, level: _Level) -> Effect:
        mean = level.total / level.blocks if level.blocks else None
        return Effect(level.words, None, None, mean, None, level.relative)

    def _checks(self) -> tuple[GuardrailCheck, ...]:
        return tuple(
            GuardrailCheck(level.words, State.UNKNOWN, self._effect(level)) for level in self._levels[1:]
        )


def _levels(plan: TrialPlan, proof: Proof) -> tuple[_Level, ...]:
    """Return what is watched: the objective first, then the guardrails whose control is known."""
    controls = [effect.control for effect in proof.terms]
    if len(controls) != len(plan.objective.terms) or not all(controls):
        raise ConfigError(
            f"the proof of {plan.name!r} does not tell what the objective was without the change: "
            "there is nothing to hold a watch against"
        )
    total = sum(term.weight for term in plan.objective.terms)
    terms = tuple(
        (term.measure, term.weight / total, control)
        for term, control in zip(plan.objective.terms, controls, strict=True)
        if control is not None
    )
    watched = [(proof.effect.measure, terms, 0.0, True)]
    for guardrail, check in zip(plan.guardrails, proof.guardrails, strict=False):
        control = check.effect.control
        if control is not None and (control or not guardrail.relative):
            alone = ((guardrail.measure, 1.0, control),)
            watched.append((guardrail.words, alone, guardrail.worse_max, guardrail.relative))
    blocks = (plan.deadline_ns - plan.begin_ns) / SECOND_NS / plan.block_s
    run_length = max(100.0, blocks * len(watched) / FALSE_ALARMS)
    return tuple(_Level(*one, ChangeMonitor(run_length)) for one in watched)
