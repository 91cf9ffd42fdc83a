"""The power of a trial: how many requests and minutes it most likely takes, told before it begins."""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

from homeostat.core.clock import SECOND_NS
from homeostat.core.errors import ConfigError
from homeostat.core.objective import Guardrail, Measure
from homeostat.prove.trials.arm_sequences import SHARES_EVEN_RARE, is_share
from homeostat.prove.trials.effect_words import about, length_words
from homeostat.prove.trials.standing import worse_sign
from homeostat.prove.trials.trial import Design, TrialPlan
from homeostat.stats.assigned_means import with_caution
from homeostat.stats.inflation import inflation
from homeostat.stats.power import Mean, Quantile, needed

Floats = NDArray[np.float64]

CHANCE = 0.8
"""The chance to have decided by the number of requests that is told."""

VALUES_MIN = 30
"""Recent values of a measure without which nothing can be told of it."""

PAIRS_MIN, PAIRS_AT_ONE, _PAIRS_POWER = 8, 18, 1.7
"""Pairs of blocks for a huge effect, for one as large as a pair's deviation, and how they grow below it."""


@dataclass(frozen=True, slots=True)
class Need:
    """What a trial needs: requests of both arms together, seconds at the load, None where nobody can tell.

    `smallest` is the smallest effect on the objective that would most likely be seen before the deadline;
    `longest` names what takes longest to be proven.
    """

    requests: int | None
    seconds: float | None
    smallest: float | None
    longest: str
    in_time: bool
    words: str


@dataclass(frozen=True, slots=True)
class _Moved:
    """A mean whose deviation stays where it is moved by: for margins in the unit of the measure."""

    value: float
    deviation: float

    def times(self, factor: float) -> "_Moved":
        return _Moved(self.value * factor, self.deviation)

    def reach(self, n: float, confidence: float) -> tuple[float, float, float]:
        return Mean(self.value, self.deviation).reach(n, confidence)


def need_of(plan: TrialPlan, effect: float, recent: Mapping[str, Floats], load_per_s: float) -> Need:
    """Return what it takes to prove a relative effect (-0.2: a fifth less) with all guardrails unchanged.

    `recent` are values of single requests under the configuration in force, in order of time, by the names of
    measures; `load_per_s` is that of requests which take part. Raises ConfigError for an effect of 0.

    Guarantee: none for a single trial; with a chance of about 80% it takes no longer, if requests go on as
    they were (see `stats.power`); rare errors take longer than told. Cost: 10 ms a measure.
    """
    if effect == 0.0:
        raise ConfigError("an effect of 0 is never proven: say what the change may be worth, such as -0.1")
    if plan.design is Design.SHADOW:
        load_per_s *= plan.share
    wanted = -abs(effect)
    found: list[tuple[str, float | None]] = []
    for term in plan.objective.terms:
        of_term = wanted * worse_sign(term.measure)
        found.append((term.measure.words, _requests(plan, term.measure, of_term, 0.0, recent, load_per_s)))
    objective = _largest([requests for _, requests in found])
    for guardrail in plan.guardrails:
        margin = _margin(guardrail, recent)
        requests = None
        if margin:
            alone = guardrail.measure
            requests = _requests(plan, alone, 0.0, margin, recent, load_per_s, guardrail.relative)
        found.append((guardrail.words, requests))
    total = _largest([requests for _, requests in found])
    longest = next((name for name, requests in found if requests is None or requests == total), "")
    left_s = (plan.deadline_ns - plan.counts_from_ns) / SECOND_NS
    if total is None or load_per_s <= 0.0:
        words = f"how long it takes cannot be told: too little is known of {longest}"
        return Need(None, None, None, longest, False, words)
    seconds = total / load_per_s
    smallest = abs(effect) * math.sqrt(objective / (left_s * load_per_s)) if objective else None
    return Need(
        math.ceil(total),
        seconds,
        smallest,
        longest,
        seconds <= left_s,
        _words(total, seconds, load_per_s, smallest, longest, left_s),
    )


def _words(
    requests: float, seconds: float, load_per_s: float, smallest: float | None, longest: str, left_s: float
) -> str:
    late = f", which is after the deadline in {length_words(left_s)}" if seconds > left_s else ""
    seen = ""
    if smallest is not None:
        seen = f"; effects under {100 * smallest:.2g}% would not be seen before the deadline"
    return (
        f"needs about {about(requests)} requests, {length_words(seconds)} at {load_per_s:.2g} requests/s"
        f"{late} (longest for {longest}){seen}"
    )


def _largest(found: list[float | None]) -> float | None:
    known = [requests for requests in found if requests is not None]
    return max(known) if known and len(known) == len(found) else None


def _margin(guardrail: Guardrail, recent: Mapping[str, Floats]) -> float:
    """Return a guardrail's margin as a relative change of its measure, 0.0 where that is not known."""
    values = _known(guardrail.measure, recent)
    if guardrail.relative:
        return guardrail.worse_max * worse_sign(guardrail.measure)
    if values is None:
        return 0.0
    if is_share(guardrail.measure):
        base = max(float(values.mean()), 1.0 / values.size)
    else:
        quantile = guardrail.measure.summary.quantile
        base = abs(float(values.mean() if quantile is None else np.quantile(values, quantile)))
    return guardrail.worse_max * worse_sign(guardrail.measure) / base if base else 0.0


def _requests(
    plan: TrialPlan,
    measure: Measure,
    effect: float,
    margin: float,
    recent: Mapping[str, Floats],
    load_per_s: float,
    relative: bool = True,
) -> float | None:
    values = _known(measure, recent)
    if values is None:
        return None
    if plan.design is Design.SWITCHBACK:
        return _by_blocks(plan, measure, effect - margin, values, load_per_s)
    share = 0.5 if plan.design is Design.SHADOW else plan.share
    even = SHARES_EVEN_RARE[0] <= share <= SHARES_EVEN_RARE[1]
    single: Mean | Quantile | _Moved = _single(measure, values, even)
    if not relative and isinstance(single, Mean):
        single = _Moved(single.value, single.deviation)
    found = needed(single, effect, share=share, confidence=plan.term_confidence, margin=margin, chance=CHANCE)
    if found is None or isinstance(single, Quantile) or single.deviation == 0.0:
        return found
    bounds = (0.0, 1.0) if is_share(measure) else plan.bounds.get(measure.name)
    return with_caution(found, single.value, single.deviation, bounds[1] - bounds[0] if bounds else None)


def _known(measure: Measure, recent: Mapping[str, Floats]) -> Floats | None:
    values = recent.get(measure.name)
    if values is None:
        return None
    values = values[np.isfinite(values)]
    return values if values.size >= VALUES_MIN else None


def _single(measure: Measure, values: Floats, even: bool) -> Mean | Quantile:
    """Return what is known of single requests; memory cancels in even arms, where neighbours are compared."""
    quantile = measure.summary.quantile
    if quantile is not None:
        hits = (values > np.quantile(values, quantile)).astype(np.float64)
        return Quantile(quantile, _smooth(values, quantile), 1.0 if even else inflation(hits))
    if is_share(measure):
        share = min(max(float(values.mean()), 1.0 / values.size), 1.0 - 1.0 / values.size)
        return Mean(share, math.sqrt(share * (1.0 - share)))
    return Mean(float(values.mean()), float(values.std(ddof=1)))


def _smooth(values: Floats, quantile: float) -> Callable[[float], float]:
    """Return the quantile function near a quantile: lognormal through the values around it."""
    tail = min(quantile, 1.0 - quantile)
    ends = (quantile - min(1.5 * tail, 0.5 * quantile), quantile + 0.6 * tail)
    low, value, high = (float(q) for q in np.quantile(values, [ends[0], quantile, ends[1]]))
    if not 0.0 < low < high:
        ordered = np.sort(values)
        return lambda p: float(np.quantile(ordered, min(max(p, 0.0), 1.0)))
    score = NormalDist().inv_cdf
    slope = math.log(high / low) / (score(ends[1]) - score(ends[0]))
    at = score(quantile)
    return lambda p: value * math.exp(slope * (score(min(max(p, 1e-12), 1.0 - 1e-12)) - at))


def _by_blocks(
    plan: TrialPlan, measure: Measure, apart: float, values: Floats, load_per_s: float
) -> float | None:
    """Return the requests of so many pairs of blocks that a relative difference shows; None of a zero."""
    n = max(load_per_s * (plan.block_s - plan.settle_s), 1.0)
    quantile = measure.summary.quantile
    if quantile is None:
        single = _single(measure, values, True)
        assert isinstance(single, Mean)
        value, deviation = single.value, single.deviation / math.sqrt(n)
    else:
        error = math.sqrt(quantile * (1.0 - quantile) / n)
        low, value, high = np.quantile(
            values, [max(quantile - error, 0.0), quantile, min(quantile + error, 1.0)]
        )
        deviation = float(high - low) / 2.0
    if value == 0.0:
        return None
    of_pair = math.sqrt(2.0) * deviation / abs(value)
    pairs = PAIRS_AT_ONE * (of_pair / abs(apart)) ** _PAIRS_POWER if of_pair else 0.0
    return max(pairs, float(PAIRS_MIN)) * 2.0 * plan.block_s * load_per_s
