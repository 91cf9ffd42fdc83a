"""The growth of a metric towards its limit: which curve it follows, and where that leads, in words."""

import math
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from homeostat.core.interval import Interval
from homeostat.core.metric import Better
from homeostat.judge.findings.subject import Subject
from homeostat.judge.targets.limit import State
from homeostat.judge.words.moment_words import length_words
from homeostat.judge.words.quantity import bounds, quantity
from homeostat.stats.capacity import time_to_limit
from homeostat.stats.growth import SAMPLES_MIN, Growth, Projection, growth
from homeostat.stats.not_known import NotKnown
from homeostat.stats.season_length import season_lengths

Floats = NDArray[np.float64]

AHEAD_SHARE = 2
"""A projection reaches half as far as what it rests on: so far its intervals hold."""

FILLING = ("disk", "storage", "memory")
"""What fills up even where no limit is given: parts of the names of such metrics."""

HELD_OUT = 3
"""The last third must lie where the curve of the first two leads: else no curve is told."""

_COVERED = 0.8
_STEPS = 64
_WIDE = 3.0
"""A projection whose interval is so many times as wide as what was seen tells nothing."""


def growth_words(subject: Subject) -> str:
    """Return what curve a metric follows towards its limit, and where to; empty where it does not grow.

    Asked of metrics with a limit, and of disk and memory. Where seasons hide the curve, or the last third
    does not lie where the first two lead, that is said instead.
    """
    side = _side(subject)
    known = subject.line[np.isfinite(subject.line)]
    if side is None or known.size < SAMPLES_MIN:
        return ""
    line, step = subject.line, 1
    seasons = season_lengths(line, subject.step_s if subject.origin != "rows" else None)
    if seasons:
        step = max(s.length for s in seasons)
        line = _means(line, step)
    found = growth(line)
    if isinstance(found, NotKnown):
        length = length_words(step * subject.step_ns, subject.origin)
        few = f"it repeats every {length}, of which {SAMPLES_MIN} are needed"
        return f"how it grows is not known: {few}" if seasons and _moves(known, side) else ""
    ahead = max(line.size // AHEAD_SHARE, 1)
    path = found.project(line.size - 1 + np.linspace(ahead / _STEPS, ahead, _STEPS))
    begin, end = float(found.project([line.size - 1.0]).point[0]), float(path.point[-1])
    if "constant" in (curve for curve, _ in found.plausible) or (end > begin) != (side == "upper"):
        return ""
    if not _foretold(line):
        return "how it grows is not known: the curve of its first two thirds does not lead to the last"
    step_ns = step * subject.step_ns
    low = max(float(path.low[-1]), 0.0 if subject.minimum >= 0 else -math.inf)
    high = float(path.high[-1])
    if high - low > _WIDE * float(np.ptp(known)):
        return "how it grows is not known: the curves that fit part at once"
    said = f"{quantity(end, subject.unit)} {bounds(low, high, subject.unit)}"
    when = length_words(ahead * step_ns, subject.origin)
    curve = _curve(subject, found, (end - begin) / ahead, step_ns)
    return f"{curve}: {said} in {when}{_limit(subject, path, step_ns, begin, side)}"


def _side(subject: Subject) -> Literal["upper", "lower"] | None:
    """On which side the limit lies that it may grow towards; None where there is none."""
    if subject.target is not None and subject.better is not Better.NEITHER:
        return "upper" if subject.better is Better.LOWER else "lower"
    fills = any(part in subject.name.lower() for part in FILLING) and subject.better is not Better.HIGHER
    return "upper" if fills else None


def _means(line: Floats, length: int) -> Floats:
    """The mean of each whole season, the newest ones last."""
    parts = line[line.size % length :].reshape(-1, length)
    known = np.isfinite(parts)
    n = known.sum(axis=1)
    means: Floats = np.where(n > 0, np.where(known, parts, 0.0).sum(axis=1) / np.maximum(n, 1), np.nan)
    return means


def _moves(values: Floats, side: str) -> bool:
    third = values.size // 3
    return bool((np.mean(values[-third:]) > np.mean(values[:third])) == (side == "upper"))


def _foretold(line: Floats) -> bool:
    """Whether the last third lies within the interval that the first two thirds lead to."""
    cut = line.size - line.size // HELD_OUT
    found = growth(line[:cut])
    if isinstance(found, NotKnown):
        return True
    later = np.arange(cut, line.size, dtype=np.float64)
    path, values = found.project(later), line[cut:]
    known = np.isfinite(values)
    inside = (values >= path.low) & (values <= path.high)
    return bool(known.any()) and float(inside[known].mean()) >= _COVERED


def _curve(subject: Subject, found: Growth, slope: float, step_ns: int) -> str:
    verb = "grows" if slope > 0 else "falls"
    if isinstance(found.curve, NotKnown):
        return f"it {verb}, by which curve is not known since {found.curve.reason}"
    if found.curve == "linear":
        day_ns = 86_400 * 10**9
        per, ns = (
            ("day", day_ns) if subject.step_ns * subject.line.size >= 2 * day_ns else ("hour", day_ns // 24)
        )
        if subject.origin == "rows":
            per, ns = "row", 10**9
        return f"it {verb} steadily, by {quantity(abs(slope) * ns / step_ns, subject.unit)} a {per}"
    if found.curve == "exponential" and found.doubling_time is not None:
        doubling = _length_bounds(found.doubling_time, step_ns, subject)
        return f"it {verb} exponentially, {'doubling' if slope > 0 else 'halving'} every {doubling}"
    if isinstance(found.ceiling, Interval):
        ceiling = bounds(found.ceiling.low, found.ceiling.high, subject.unit)
        return f"it {verb} towards a ceiling of {ceiling}"
    if isinstance(found.ceiling, NotKnown):
        return f"it {verb} by a logistic curve; {found.ceiling.reason}"
    return f"it {verb} by {'an' if found.curve == 'exponential' else 'a'} {found.curve} curve"


def _length_bounds(interval: Interval, step_ns: int, subject: Subject) -> str:
    ends = sorted((abs(interval.low), abs(interval.high)))
    first, last = (length_words(v * step_ns, subject.origin) for v in ends)
    return first if first == last else f"{first} to {last}"


def _limit(
    subject: Subject, path: Projection, step_ns: int, now: float, side: Literal["upper", "lower"]
) -> str:
    """When the limit is reached, where that is within the projection."""
    if subject.target is None or subject.judgement.state is State.VIOLATED:
        return ""
    times = path.times - (path.times[0] - (path.times[1] - path.times[0]))
    met = time_to_limit(now, times, path.point, path.low, path.high, subject.target, path.confidence, side)
    if isinstance(met, NotKnown) or met.verdict != "expected":
        return ""

    def after(steps: float) -> str:
        return length_words(steps * step_ns, subject.origin) if math.isfinite(steps) else "later"

    return (
        f", reaching its limit {subject.limit_words} in {after(met.expected)}"
        f" ({after(met.earliest)} to {after(met.latest)})"
    )
