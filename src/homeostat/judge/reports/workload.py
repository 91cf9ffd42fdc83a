"""The workload: how often whole operations begin, what of it repeats, and whether it comes in bursts."""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from homeostat.core.clock import DAY_NS, HOUR_NS, MINUTE_NS, SECOND_NS
from homeostat.judge.tabular.moment import Ints, Origin
from homeostat.judge.words.moment_words import length_words, moment_words
from homeostat.judge.words.quantity import count, counted, number, quantity
from homeostat.stats.not_known import NotKnown
from homeostat.stats.season_length import CYCLES_MIN
from homeostat.stats.workload_pattern import (
    COUNTS_MIN,
    Burst,
    Repetition,
    WorkloadPattern,
    workload_pattern,
)

Floats = NDArray[np.float64]

COUNTED_MAX = 2_000
"""Stretches of time in which a load is counted, at most."""

EACH_MIN = 5.0
"""Stretches are so long that this many fall into each, where that leaves enough of them."""

WIDTHS_NS = (
    *(step * 10**power for power in (6, 7, 8) for step in (1, 2, 5)),
    *(step * SECOND_NS for step in (1, 2, 5, 10, 15, 30)),
    *(step * MINUTE_NS for step in (1, 2, 5, 10, 15, 30)),
    *(step * HOUR_NS for step in (1, 2, 3, 6, 12)),
    DAY_NS,
)
"""Lengths of a stretch, of which whole numbers make a day (or a second)."""

_ON_GRID = 0.9
_FINE = 20
"""A tick shorter than this part of a stretch does not matter."""

_NEAR = 0.12
_DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")


@dataclass(frozen=True, slots=True)
class Load:
    """How many of one thing there were in each stretch of `step_ns` from `start_ns` on, without gaps.

    `busy_s` is how many seconds those of a stretch took together, None where that is not known.
    """

    title: str
    origin: Origin
    start_ns: int
    step_ns: int
    counts: Floats
    busy_s: Floats | None = None


@dataclass(frozen=True, slots=True)
class Workload:
    """The pattern of one load in words, with the figures that they rest on.

    `rate` is a second. `dispersion` is variance over mean around what repeats, with its 95% interval: 1 by
    chance alone, above it for bursts. None of both where the pattern is not known; `words` then says why.
    """

    title: str
    n: int
    rate: float | None
    rate_words: str
    repeats_words: str
    dispersion: float | None
    dispersion_low: float | None
    dispersion_high: float | None
    evenness_words: str
    bursts: int
    bursts_words: str
    words: str


def are_events(times_ns: Ints) -> bool:
    """Return whether moments in order of time are those of events, not of samples on a grid (with holes).

    >>> minutes = MINUTE_NS * np.arange(50)
    >>> are_events(minutes), are_events(np.cumsum(np.random.default_rng(1).exponential(1e9, 50)).astype(int))
    (False, True)
    """
    gaps = np.diff(times_ns).astype(np.float64)
    if gaps.size < COUNTS_MIN:
        return False
    usual = float(np.median(gaps))
    if usual <= 0.0:
        return bool(gaps.any())
    times = gaps / usual
    on_grid = (np.abs(times - np.round(times)) <= _NEAR) & (times > 0.5)
    return float(on_grid.mean()) < _ON_GRID


def load_of_events(title: str, origin: Origin, times_ns: Ints, each: int = 1) -> Load:
    """Return the load of moments in order of time, of which each stands for so many events.

    Where a clock that ticks seldom gave the moments, stretches are of whole ticks: else what repeats would
    be how ticks fall into stretches.
    """
    start_ns = int(times_ns[0])
    span = int(times_ns[-1]) - start_ns + 1
    step_ns = _width_ns(span, times_ns.size * each)
    tick_ns = _tick_ns(times_ns)
    if tick_ns * _FINE > step_ns:
        step_ns = tick_ns * -(-step_ns // tick_ns)
        start_ns -= tick_ns // 2
    else:
        start_ns = start_ns // step_ns * step_ns
    counts = np.bincount((times_ns - start_ns) // step_ns).astype(np.float64) * each
    return Load(title, origin, start_ns, step_ns, counts[1:-1] if counts.size > COUNTS_MIN + 2 else counts)


def _tick_ns(times_ns: Ints) -> int:
    """The tick of the clock that moments were read from, 0 where they do not lie on one."""
    gaps = np.diff(times_ns)
    apart = gaps[gaps > 0].astype(np.float64)
    if apart.size < COUNTS_MIN:
        return 0
    usual = float(np.median(apart))
    ticks = apart / usual
    on_grid = np.abs(ticks - np.round(ticks)) <= _NEAR
    return round(usual) if float((on_grid & (ticks > 0.5)).mean()) >= _ON_GRID else 0


def coarsened(load: Load) -> Load:
    """Return a load in stretches no shorter than its counts allow; a broken one at the end is left out."""
    wanted = _width_ns(load.counts.size * load.step_ns, float(load.counts.sum()))
    block = max(wanted // load.step_ns, 1)
    whole = load.counts.size // block * block
    return Load(
        load.title,
        load.origin,
        load.start_ns,
        load.step_ns * block,
        load.counts[:whole].reshape(-1, block).sum(axis=1),
    )


def _width_ns(span_ns: int, events: float) -> int:
    """The shortest stretch of which there are not too many, and into which enough events fall."""
    fit = [w for w in WIDTHS_NS if COUNTS_MIN + 2 <= span_ns / w <= COUNTED_MAX]
    if not fit:
        return DAY_NS * -(-span_ns // (COUNTED_MAX * DAY_NS)) if span_ns > DAY_NS else WIDTHS_NS[0]
    return next((w for w in fit if events * w / span_ns >= EACH_MIN), fit[-1])


def workload(load: Load) -> Workload:
    """Return the pattern of a load in words.

    Does not hold for a load that drifts: a drift counts as bursts (`homeostat.stats.workload_pattern`).
    """
    load = coarsened(load)
    n = int(load.counts.sum())
    found = workload_pattern(load.counts, load.step_ns / 1e9)
    if isinstance(found, NotKnown):
        words = f"{load.title}: no pattern is known, since {found.reason}."
        return Workload(load.title, n, None, "not known", "", None, None, None, "", 0, "", words)
    rate = quantity(found.rate, "1/s")
    repeats, evenness = _repeats(load, found.repetitions), _evenness(found)
    bursts = _bursts(load, found.bursts)
    interval = found.dispersion_interval
    told = "; ".join(part for part in (repeats, evenness, bursts) if part)
    return Workload(
        title=load.title,
        n=n,
        rate=found.rate,
        rate_words=rate,
        repeats_words=repeats,
        dispersion=_finite(found.dispersion),
        dispersion_low=_finite(interval.low),
        dispersion_high=_finite(interval.high),
        evenness_words=evenness,
        bursts=len(found.bursts),
        bursts_words=bursts,
        words=f"{load.title}: {rate}, {told}.",
    )


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None


def _repeats(load: Load, found: tuple[Repetition, ...]) -> str:
    if found:
        return ", and ".join(_repetition(load, r) for r in found)
    span = load.counts.size * load.step_ns
    if load.origin == "epoch" and span < CYCLES_MIN * DAY_NS:
        return f"nothing repeats (a daily pattern is told from {CYCLES_MIN} days on)"
    return "nothing repeats"


def _repetition(load: Load, found: Repetition) -> str:
    length_ns = round(found.length_s * 1e9)
    peak_ns = load.start_ns + round(found.peak_s * 1e9)
    name, at = f"every {length_words(length_ns, load.origin)}", ""
    if length_ns == DAY_NS:
        name = "daily"
    elif length_ns == 7 * DAY_NS:
        name = "weekly"
    if load.origin == "epoch" and length_ns == DAY_NS:
        at = f" at {moment_words(peak_ns)[-5:]} UTC"
    elif load.origin == "epoch" and length_ns == 7 * DAY_NS:
        at = f" on {_DAYS[(peak_ns // DAY_NS + 3) % 7]}"
    return (
        f"repeats {name}, {found.season.strength:.0%} of its variation, highest{at}"
        f" with {number(found.peak_to_mean, 2)} times the mean"
    )


def _evenness(found: WorkloadPattern) -> str:
    low, high = found.dispersion_interval.low, found.dispersion_interval.high
    kind = "as even as chance makes it"
    if low > 1.0:
        kind = "comes in bursts"
    elif high < 1.0:
        kind = "more even than by chance"
    return (
        f"{kind} (variance over mean {number(found.dispersion, 2)}"
        f" [{number(low, 2)}, {number(high, 2)}], by chance 1)"
    )


def _bursts(load: Load, found: tuple[Burst, ...]) -> str:
    if not found:
        return ""
    largest = max(found, key=lambda b: b.events - b.expected)
    at = moment_words(load.start_ns + largest.begin * load.step_ns, load.origin, load.step_ns)
    return (
        f"{counted(len(found), 'burst')}, the largest {at} for {length_words(largest.length * load.step_ns)}:"
        f" {count(largest.events)} where {count(largest.expected)} were to be expected"
    )
