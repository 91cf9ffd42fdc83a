"""The scalability of an operation: its throughput against how many are in progress, in words.

How many are in progress is rate times mean duration (Little's law), stretch by stretch.
"""

import math
from dataclasses import dataclass

import numpy as np

from homeostat.core.interval import Interval
from homeostat.judge.reports.workload import Load
from homeostat.judge.words.quantity import bounds, number, quantity
from homeostat.stats.not_known import NotKnown
from homeostat.stats.scalability_law import LOADS_MIN, ScalabilityLaw, scalability_law

EACH_MIN = 30
"""Operations in a stretch at least: with fewer, its mean duration is mostly chance."""

LONG = 10.0
"""A stretch is so many times the mean duration: Little's law holds where few are cut off at its ends."""

BUSY_MIN = 2.0
"""Where fewer than this were ever in progress, nothing has waited for another."""

GROUPS = 20
ERROR_MAX = 0.25
FAR = 2.0
"""A peak further than this times what was seen is not told: the law is not known out there."""


@dataclass(frozen=True, slots=True)
class Scalability:
    """How throughput goes with the operations in progress.

    `peak` is None where throughput still rises, all three figures where the law is not known."""

    title: str
    peak: float | None
    busy_max: float | None
    error: float | None
    words: str


def scalability(load: Load) -> Scalability | None:
    """Return what the Universal Scalability Law says of a load; None where durations are not known.

    Does not hold where the system was changed meanwhile, nor where durations follow the size of what is
    asked rather than the load (`homeostat.stats.scalability_law`).
    """
    if load.busy_s is None or not load.busy_s.any():
        return None
    found = law_of(load)
    if isinstance(found, NotKnown):
        words = f"{load.title}: how throughput goes with load is not known, since {found.reason}."
        return Scalability(load.title, None, None, None, words)
    told = f"{_peak(found)}; {_gains(found)}"
    peak = found.peak_load if math.isfinite(found.peak_load) else None
    return Scalability(load.title, peak, found.load_max, found.error, f"{load.title}: {told}.")


def law_of(load: Load) -> ScalabilityLaw | NotKnown:
    """The law of groups of stretches: of much the same throughput, so that chance in durations is no load."""
    assert load.busy_s is not None
    counts, busy_s = load.counts, load.busy_s
    total = float(counts.sum())
    mean_s = float(busy_s.sum()) / total
    each = max(EACH_MIN * counts.size / total, LONG * mean_s / (load.step_ns / 1e9))
    block = math.ceil(each)
    n = counts.size // block
    if n < LOADS_MIN:
        return NotKnown(f"there are {n} stretches with enough of it: {LOADS_MIN} are needed")
    ended = counts[: n * block].reshape(n, block).sum(axis=1)
    worked = busy_s[: n * block].reshape(n, block).sum(axis=1)
    order = np.argsort(ended, kind="stable")
    order = order[ended[order] >= EACH_MIN / 3]
    groups = np.array_split(order, min(GROUPS, max(order.size, 1)))
    seconds = block * load.step_ns / 1e9
    rates = np.array([ended[g].mean() for g in groups if g.size]) / seconds
    progress = np.array([worked[g].mean() for g in groups if g.size]) / seconds
    if not progress.size or progress.max() < BUSY_MIN:
        most = number(float(progress.max(initial=0.0)), 2)
        return NotKnown(f"at most {most} were in progress at a time, and {BUSY_MIN:g} are needed")
    found = scalability_law(progress, rates)
    if isinstance(found, ScalabilityLaw) and found.error > ERROR_MAX:
        return NotKnown(
            f"the law is off by {quantity(found.error, 'ratio')}: load is not what durations follow"
        )
    return found


def _peak(law: ScalabilityLaw) -> str:
    seen = f"up to {number(law.load_max)} in progress were seen"
    if law.peak_load > FAR * law.load_max:
        return f"throughput still rises with load ({seen})"
    rate = quantity(float(law.throughput(law.peak_load)), "1/s")
    low, high = law.peak_load_interval.low, law.peak_load_interval.high
    if not math.isfinite(high):
        return f"throughput peaks at {number(low)} in progress or more, if at all ({seen})"
    interval = bounds(low, high, "1")
    return f"throughput peaks at {number(law.peak_load)} in progress, {interval}, with {rate} ({seen})"


def _gains(law: ScalabilityLaw) -> str:
    found = [
        _gain(
            "what is done one at a time", law.gain_without_contention, law.gain_without_contention_interval
        ),
        _gain("what each pair costs", law.gain_without_coherency, law.gain_without_coherency_interval),
    ]
    known = [words for words in found if words]
    return "; ".join(known) if known else "nothing is proven to hold it back"


def _gain(what: str, gain: float, interval: Interval) -> str:
    """Throughput gained at the largest load if one cause were removed; nothing where that is not proven."""
    if not (interval.low > 0.01 and math.isfinite(interval.high)):
        return ""
    between = bounds(interval.low, interval.high, "ratio")
    return f"without {what} it would be {quantity(gain, 'ratio')} {between} more at that load"
