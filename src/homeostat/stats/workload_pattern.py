"""The pattern of a workload: how it repeats, how it bursts, and how unlike chance both are."""

import math
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np
from numpy.typing import ArrayLike, NDArray

from homeostat.core.interval import Interval
from homeostat.stats.not_known import NotKnown
from homeostat.stats.season_length import Season, season_lengths
from homeostat.stats.t_interval import t_quantile

Floats = NDArray[np.float64]

COUNTS_MIN = 30
"""Fewer counts (or arrivals) than this tell no pattern."""

COUNTS_MAX = 1_000_000
_BLOCKS = 20
_BURST_CHANCE = 0.01
_EVENTS_MAX = 1e15


@dataclass(frozen=True, slots=True)
class Repetition:
    """A season of the workload, where in it the load is highest and lowest, and how high against the mean.

    `peak_s` and `trough_s` are phases in seconds from the first count; `peak_to_mean` is a ratio.
    """

    season: Season
    length_s: float
    peak_s: float
    trough_s: float
    peak_to_mean: float


@dataclass(frozen=True, slots=True)
class Burst:
    """A run of counts far above what its time of the season brings."""

    begin: int
    length: int
    events: float
    expected: float


@dataclass(frozen=True, slots=True)
class WorkloadPattern:
    """What repeats and what bursts.

    `dispersion` is the index of dispersion of counts, variance over mean around the seasons: 1 for
    arrivals by chance alone (Poisson), above 1 for bursts, below for what is paced; with its interval, and
    the chance that independent arrivals make as much or more of it.
    """

    rate: float
    repetitions: tuple[Repetition, ...]
    dispersion: float
    dispersion_interval: Interval
    dispersion_p_value: float
    bursts: tuple[Burst, ...]


@dataclass(frozen=True, slots=True)
class ArrivalPattern:
    """The pattern of the times between arrivals.

    `burstiness` is Goh's and Barabasi's (s - m) / (s + m) of their deviation and mean, corrected for how
    many there are (Kim and Jo 2016): -1 for a clock, 0 for chance, towards 1 for bursts. `memory` is the
    correlation of neighbours. `scv` is the squared coefficient of variation, which queueing laws ask for.
    """

    burstiness: float
    burstiness_interval: Interval
    memory: float
    memory_interval: Interval
    scv: float
    arrivals: int


def counts_of(timestamps_s: ArrayLike, width_s: float) -> Floats | NotKnown:
    """Return how many events fell into each stretch of `width_s` seconds, from the first to the last."""
    t = np.asarray(timestamps_s, dtype=np.float64).reshape(-1)
    t = t[np.isfinite(t)]
    if not (width_s > 0.0 and math.isfinite(width_s)):
        raise ValueError(f"the width must be a positive number of seconds, not {width_s}")
    if t.size == 0:
        return NotKnown("there are no events")
    slots = (t.max() - t.min()) // width_s + 1.0
    if slots > COUNTS_MAX:
        return NotKnown(f"{slots:.0f} counts are too many: choose a width above {width_s:g} s")
    return np.bincount(((t - t.min()) // width_s).astype(np.int64), minlength=int(slots)).astype(np.float64)


def _chi_square_survival(value: float, degrees: float) -> float:
    """Return the chance that chi square exceeds `value` (Wilson and Hilferty 1931)."""
    spread = 2.0 / (9.0 * degrees)
    return NormalDist().cdf(-((value / degrees) ** (1.0 / 3.0) - 1.0 + spread) / math.sqrt(spread))


def _profile(counts: Floats, seasons: tuple[Season, ...]) -> Floats:
    """Return the mean of each count's phase, one season after the other, and at least 0."""
    rest, expected = counts - counts.mean(), np.full(counts.size, counts.mean())
    for season in seasons:
        phases = np.arange(counts.size) % season.length
        means = np.bincount(phases, rest) / np.bincount(phases)
        expected += means[phases]
        rest = rest - means[phases]
    return np.asarray(np.maximum(expected, 0.0), dtype=np.float64)


def _dispersion(counts: Floats, expected: Floats, spent: int) -> float:
    """Return the index of dispersion around what is expected, for `spent` numbers that were estimated."""
    total = float(expected.sum())
    if total <= 0.0:
        return 0.0
    left = counts - expected
    return float(np.dot(left, left)) / total * counts.size / max(counts.size - spent, 1)


def _jackknifed(whole: float, parts: list[float], confidence: float) -> Interval:
    """Return the interval of a figure from what it is when each block in turn is left out."""
    m = len(parts)
    deviation = math.sqrt((m - 1.0) / m * float(np.sum((np.array(parts) - np.mean(parts)) ** 2)))
    half = t_quantile(0.5 + confidence / 2.0, m - 1) * deviation
    return Interval(whole - half, whole + half, confidence)


def _without_block(n: int, block: int) -> NDArray[np.bool_]:
    kept = np.ones(n, dtype=np.bool_)
    kept[block * n // _BLOCKS : (block + 1) * n // _BLOCKS] = False
    return kept


def _bursts(counts: Floats, expected: Floats) -> tuple[Burst, ...]:
    """Return the runs of counts that chance would bring once in a hundred such series."""
    left = (counts - expected) / np.sqrt(np.maximum(expected, 1.0))
    usual = max(1.4826 * float(np.median(np.abs(left))), 1.0)
    # Counts are skewed to the right: the cube of a normal stands for their upper tail (Wilson and Hilferty).
    z = NormalDist().inv_cdf(1.0 - _BURST_CHANCE / counts.size)
    shape = np.maximum(expected, 1.0) / usual**2
    reach = shape * (1.0 - 1.0 / (9.0 * shape) + z / (3.0 * np.sqrt(shape))) ** 3 - shape
    above = np.concatenate(([False], left > reach / np.sqrt(shape) * usual, [False]))
    edges = np.flatnonzero(np.diff(above.astype(np.int8)))
    return tuple(
        Burst(int(a), int(b - a), float(counts[a:b].sum()), float(expected[a:b].sum()))
        for a, b in zip(edges[::2], edges[1::2], strict=True)
    )


def workload_pattern(
    counts: ArrayLike, seconds_apart: float, confidence: float = 0.95
) -> WorkloadPattern | NotKnown:
    """Return the pattern of counts of events, taken every `seconds_apart`.

    Guarantee: repetitions as `season_lengths`; the dispersion's interval, by a jackknife over 20 blocks,
    covers about as told where blocks are longer than the memory of the bursts; bursts are told of fewer
    than 2% of Poisson series. Cost: about 1 ms for 1,000 counts. Counts that are not finite or negative are
    NotKnown. Does not hold for rates that drift: a drift counts as dispersion.
    """
    given = np.asarray(counts, dtype=np.float64).reshape(-1)
    if not seconds_apart > 0.0:
        raise ValueError(f"counts must be a positive number of seconds apart, not {seconds_apart}")
    if given.size < COUNTS_MIN:
        return NotKnown(f"{given.size} counts are too few: {COUNTS_MIN} are needed")
    if not bool(((given >= 0.0) & (given <= _EVENTS_MAX)).all()):
        return NotKnown(f"some counts are missing, negative or beyond {_EVENTS_MAX:g}")
    if not given.any():
        return NotKnown("there are no events")
    seasons = season_lengths(given, seconds_apart)
    expected = _profile(given, seasons)
    spent = 1 + sum(s.length - 1 for s in seasons)
    dispersion = _dispersion(given, expected, spent)
    n = given.size
    parts = []
    for block in range(_BLOCKS):
        kept = _without_block(n, block)
        parts.append(math.log(max(_dispersion(given[kept], expected[kept], spent), 1e-12)))
    logs = _jackknifed(math.log(max(dispersion, 1e-12)), parts, confidence)
    degrees = max(n - spent, 1)
    chance = _chi_square_survival(dispersion * degrees, degrees)
    return WorkloadPattern(
        float(given.mean()) / seconds_apart,
        tuple(_repetition(given, s, seconds_apart) for s in seasons),
        dispersion,
        Interval(math.exp(logs.low), math.exp(logs.high), confidence),
        chance,
        _bursts(given, expected),
    )


def _repetition(counts: Floats, season: Season, seconds_apart: float) -> Repetition:
    phases = np.arange(counts.size) % season.length
    means = np.bincount(phases, counts) / np.bincount(phases)
    return Repetition(
        season,
        season.length * seconds_apart,
        int(np.argmax(means)) * seconds_apart,
        int(np.argmin(means)) * seconds_apart,
        float(means.max() / counts.mean()),
    )


def _burstiness(gaps: Floats) -> float:
    n, mean = gaps.size, float(gaps.mean())
    ratio = float(gaps.std()) / mean
    up, down = math.sqrt(n + 1.0), math.sqrt(n - 1.0)
    return (up * ratio - down) / ((up - 2.0) * ratio + down)


def _memory(gaps: Floats) -> float:
    first, second = gaps[:-1] - gaps[:-1].mean(), gaps[1:] - gaps[1:].mean()
    energy = math.sqrt(float(np.dot(first, first)) * float(np.dot(second, second)))
    return float(np.dot(first, second)) / energy if energy > 0.0 else 0.0


def arrival_pattern(timestamps_s: ArrayLike, confidence: float = 0.95) -> ArrivalPattern | NotKnown:
    """Return the pattern of the times between arrivals, from their timestamps in seconds, in any order.

    Guarantee: intervals by a jackknife over 20 blocks cover about as told where blocks are longer than
    the memory; less for heavy tails, whose deviation no sample knows. Cost: n log n, 1 ms for 10,000.
    Does not hold across seasons: a day's rise and fall counts as burstiness.
    """
    t = np.asarray(timestamps_s, dtype=np.float64).reshape(-1)
    t = np.sort(t[np.isfinite(t)])
    if t.size <= COUNTS_MIN:
        return NotKnown(f"{t.size} arrivals are too few: {COUNTS_MIN + 1} are needed")
    gaps = np.diff(t)
    if not gaps.any():
        return NotKnown("all arrivals are at one time")
    kept = [_without_block(gaps.size, block) for block in range(_BLOCKS)]
    kept = [k for k in kept if gaps[k].any()]
    burstiness, memory = _burstiness(gaps), _memory(gaps)
    return ArrivalPattern(
        burstiness,
        _jackknifed(burstiness, [_burstiness(gaps[k]) for k in kept], confidence),
        memory,
        _jackknifed(memory, [_memory(gaps[k]) for k in kept], confidence),
        float(gaps.var()) / float(gaps.mean()) ** 2,
        t.size,
    )
