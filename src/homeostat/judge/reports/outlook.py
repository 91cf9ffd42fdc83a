"""The outlook: where a metric will be, and when it reaches its limit."""

import math
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from homeostat.core.metric import Better
from homeostat.judge.findings.subject import Subject
from homeostat.judge.reports.growth import growth_words
from homeostat.judge.targets.limit import State
from homeostat.judge.words.moment_words import length_words
from homeostat.judge.words.quantity import bounds, quantity
from homeostat.stats.capacity import time_to_limit
from homeostat.stats.forecast.path import Forecast
from homeostat.stats.forecast.selection import forecast
from homeostat.stats.not_known import NotKnown

Floats = NDArray[np.float64]

AHEAD_SHARE = 5
"""A forecast reaches a fifth as far as what it rests on."""

POINTS_MAX = 1_000
"""A longer line is taken in blocks: what single points do is not to be foreseen."""

POINTS_NOISY = 240
"""The same for a line of which many points are missing or zero."""


@dataclass(frozen=True, slots=True)
class Outlook:
    """The forecast of one metric: its path with the 95% interval of each value, `step_ns` apart.

    `reaches_words` says when the limit is reached, if the forecast gets there, `growth_words` by which curve
    it grows and where that leads. Where there is no
    forecast the path is empty, and `words` says why.
    """

    title: str
    unit: str
    start_ns: int
    step_ns: int
    point: tuple[float, ...]
    low: tuple[float, ...]
    high: tuple[float, ...]
    value_words: str
    reaches_words: str
    reached: bool
    growth_words: str
    words: str


def outlook(subject: Subject) -> Outlook:
    """Return the forecast of a subject.

    Does not hold through a change of what is measured: it continues what was (`homeostat.stats.forecast`).
    """
    sparse = _is_sparse(subject.line)
    subject = coarsened(subject)
    line = subject.line
    horizon = max(line.size // AHEAD_SHARE, 1)
    seconds = subject.step_s if subject.origin != "rows" else None
    found = forecast(line, horizon, seconds_apart=seconds)
    start_ns = subject.start_ns + line.size * subject.step_ns
    if isinstance(found, NotKnown):
        nothing: tuple[float, ...] = ()
        words = f"{subject.title}: no forecast, since {found.reason}."
        return Outlook(
            subject.title,
            subject.unit,
            start_ns,
            subject.step_ns,
            nothing,
            nothing,
            nothing,
            "not known",
            "",
            False,
            "",
            words,
        )
    floor = 0.0 if subject.minimum >= 0 else -math.inf
    point, low, high = (path.clip(floor) for path in (found.point, found.low, found.high))
    ahead = length_words(horizon * subject.step_ns, subject.origin)
    interval = bounds(float(low[-1]), float(high[-1]), subject.unit)
    value = f"{quantity(float(point[-1]), subject.unit)} {interval}"
    reached, reaches = (False, "") if sparse else _reaches(subject, found)
    grows = "" if sparse else growth_words(subject)
    said = "; ".join(part for part in (f"{value} in {ahead}", reaches, grows) if part)
    return Outlook(
        title=subject.title,
        unit=subject.unit,
        start_ns=start_ns,
        step_ns=subject.step_ns,
        point=tuple(point.tolist()),
        low=tuple(low.tolist()),
        high=tuple(high.tolist()),
        value_words=value,
        reaches_words=reaches,
        reached=reached,
        growth_words=grows,
        words=f"{subject.title}: {said}.",
    )


def coarsened(subject: Subject) -> Subject:
    """Return a subject whose line has no more points than can be foreseen."""
    most = POINTS_NOISY if _is_sparse(subject.line) else POINTS_MAX
    block = max(-(-subject.line.size // most), 1)
    if block == 1:
        return subject
    whole = subject.line.size // block * block
    parts = subject.line[subject.line.size - whole :].reshape(-1, block)
    known = np.isfinite(parts)
    n = known.sum(axis=1)
    means = np.where(n > 0, np.where(known, parts, 0.0).sum(axis=1) / np.maximum(n, 1), np.nan)
    start_ns = subject.start_ns + (subject.line.size - whole) * subject.step_ns
    return replace(subject, line=means, start_ns=start_ns, step_ns=subject.step_ns * block)


def _is_sparse(line: Floats) -> bool:
    """Events so rare that many points hold none: what a point does says little of the level."""
    return bool(line.size) and float(np.mean(~(np.abs(line) > 0))) > 0.2


def _reaches(subject: Subject, found: Forecast) -> tuple[bool, str]:
    """When the limit is crossed: by the forecast itself, and by the two bounds of its interval."""
    target = subject.target
    if target is None or subject.better is Better.NEITHER:
        return False, ""
    if subject.judgement.state is State.VIOLATED:
        return False, f"it is beyond its limit {subject.limit_words} now"
    recent = float(np.nanmedian(subject.line[-max(subject.line.size // 20, 3) :]))
    times = np.arange(1.0, found.point.size + 1)
    side: Literal["upper", "lower"] = "upper" if subject.better is Better.LOWER else "lower"
    met = time_to_limit(recent, times, found.point, found.low, found.high, target, found.confidence, side)
    if isinstance(met, NotKnown):
        return False, ""

    def after(steps: float) -> str:
        return length_words(steps * subject.step_ns, subject.origin) if math.isfinite(steps) else "later"

    limit = f"its limit {subject.limit_words}"
    match met.verdict:
        case "reached":
            return False, f"it is beyond {limit} now"
        case "expected":
            return (
                True,
                f"it reaches {limit} in {after(met.expected)} ({after(met.earliest)} to {after(met.latest)})",
            )
        case "possible":
            return False, f"it may reach {limit} from {after(met.earliest)} on"
        case _:
            return False, f"{limit} is not reached in this time"
