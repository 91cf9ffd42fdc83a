"""The overview: each essential variable with its limit, the broken ones first, and one sentence on top."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from homeostat.core.metric import Better, Kind
from homeostat.core.query import Frame, Total
from homeostat.core.series import Attributes, SeriesKey
from homeostat.judge.targets.limit import State, limit_words
from homeostat.judge.targets.statistic import Statistic
from homeostat.judge.views.candidate import Candidate, is_connected, text_of
from homeostat.judge.views.sentence import sentence
from homeostat.judge.views.window import SPARK_POINTS, Window, held, line_of
from homeostat.judge.words.quantity import bounds, quantity
from homeostat.stats.sketch import quantiles, relative_error
from homeostat.stats.steadiness import steady
from homeostat.stats.trend import Trend, trends

Floats = NDArray[np.float64]

LEVELS = (0.5, 0.95, 0.99)

STABLE_WITHIN = 0.15
"""Stable is what surely stayed within this share of its median: of series that changed by a fifth over the
window at most 1.6% are called so (`homeostat.stats.steadiness`)."""

ONLY_MACHINE = "Only the machine is measured so far, and none of its limits is broken."


@dataclass(frozen=True, slots=True)
class OverviewRow:
    """One series over the window: its statistic, how it stands to its limit, and where it is going.

    `value`, `interval_low` and `interval_high` are those of `statistic`, in `unit` (a rate's is `X/s`);
    `mean` and the quantiles are in `base_unit`. What is not known is None. `points` are the statistic
    over time, evenly spaced over the window, None in the gaps. `quantile_error` is the largest relative
    error of the quantiles that the buckets allow.
    """

    key: str
    metric: str
    attributes: Attributes
    kind: Kind
    help: str
    statistic: str
    value: float | None
    unit: str
    base_unit: str
    value_words: str
    interval_low: float | None
    interval_high: float | None
    interval_words: str
    interval_method: str
    target: float | None
    limit_words: str
    state: State
    state_words: str
    needs: int | None
    trend: str
    n: int
    rate_per_s: float
    mean: float | None
    p50: float | None
    p95: float | None
    p99: float | None
    quantile_error: float | None
    points: tuple[float | None, ...]


@dataclass(frozen=True, slots=True)
class Overview:
    """The overview of a window. `rows` is one page, from row `offset` on, out of `rows_total`.

    `limits`, `broken` and `unknown` count what is shown. The limits of the machine and of Homeostat
    itself that are not broken are not shown: `others_within` and `others_unknown` count them.
    """

    sentence: str
    window: Window
    limits: int
    broken: int
    unknown: int
    services: tuple[str, ...]
    others_within: int
    others_unknown: int
    connected: bool
    rows_total: int
    offset: int
    rows: tuple[OverviewRow, ...]

    @property
    def empty(self) -> bool:
        """No application was measured, only the machine and Homeostat itself."""
        return not self.connected


def trends_words(lines: Sequence[Sequence[float | None]], betters: Sequence[Better]) -> list[str]:
    """Return where each of some series is going; those of equal length are worked out together."""
    words = [""] * len(lines)
    for length in {len(line) for line in lines}:
        members = [i for i, line in enumerate(lines) if len(line) == length]
        table = np.array([[np.nan if v is None else v for v in lines[i]] for i in members])
        table = table.reshape(len(members), length)
        for i, row, found in zip(members, table, trends(table), strict=True):
            words[i] = _trend_word(found, row, betters[i])
    return words


def _trend_word(found: Trend, line: Floats, better: Better) -> str:
    if found.direction in ("none", "unknown"):
        return "stable" if steady(line, found, STABLE_WITHIN) else "not known yet"
    if better is Better.NEITHER:
        return "rising" if found.direction == "up" else "falling"
    worse = (found.direction == "up") == (better is Better.LOWER)
    return "degrading" if worse else "improving"


def rows_of(
    shown: Sequence[Candidate], frames: Mapping[SeriesKey, Frame], window: Window, hidden: frozenset[str]
) -> tuple[OverviewRow, ...]:
    """Return the rows of candidates; `hidden` attributes are the same for all rows."""
    lines = [_line(c, frames.get(c.key), window) for c in shown]
    betters = [c.metric.better if c.metric is not None else Better.NEITHER for c in shown]
    found = zip(shown, lines, trends_words(lines, betters), strict=True)
    return tuple(_row(c, points, trend, window, hidden) for c, points, trend in found)


def _line(candidate: Candidate, frame: Frame | None, window: Window) -> tuple[float | None, ...]:
    if frame is None or not frame.start_ns.size:
        return ()
    points = line_of(frame, candidate.statistic.name, window, SPARK_POINTS)
    return held(points) if candidate.key.kind is Kind.GAUGE else points


def _row(
    candidate: Candidate,
    points: tuple[float | None, ...],
    trend: str,
    window: Window,
    hidden: frozenset[str],
) -> OverviewRow:
    key, shown, metric, moments = (
        candidate.key,
        candidate.statistic,
        candidate.metric,
        candidate.total.moments,
    )
    levels: tuple[float | None, ...] = (None, None, None)
    if candidate.total.histogram is not None:
        read = quantiles(candidate.total.histogram, LEVELS, moments.minimum, moments.maximum)
        levels = tuple(read.tolist())
    interval = shown.interval
    return OverviewRow(
        key=text_of(key),
        metric=key.metric,
        attributes=tuple((k, v) for k, v in key.attributes if k not in hidden and v),
        kind=key.kind,
        help=metric.help if metric is not None else "",
        statistic=shown.name,
        value=shown.value if np.isfinite(shown.value) else None,
        unit=shown.unit,
        base_unit=key.unit,
        value_words=quantity(shown.value, shown.unit),
        interval_low=interval.low if interval else None,
        interval_high=interval.high if interval else None,
        interval_words=_interval_words(shown),
        interval_method=shown.method,
        target=metric.target if metric is not None else None,
        limit_words=limit_words(metric, shown.unit) if metric is not None else "",
        state=candidate.judgement.state,
        state_words=candidate.judgement.words,
        needs=candidate.judgement.needs,
        trend=trend,
        n=moments.count,
        rate_per_s=moments.count / window.seconds(key.get("service")),
        mean=moments.mean if key.kind is not Kind.COUNTER else None,
        p50=levels[0],
        p95=levels[1],
        p99=levels[2],
        quantile_error=_quantile_error(candidate.total),
        points=points,
    )


def _quantile_error(total: Total) -> float | None:
    return relative_error(total.histogram.scale) if total.histogram is not None else None


def _interval_words(shown: Statistic) -> str:
    if shown.interval is not None:
        return bounds(shown.interval.low, shown.interval.high, shown.unit)
    if shown.method == "exact":
        return "exact"
    return f"needs {shown.needs} more" if shown.needs else "not known"


def overview(
    found: Sequence[Candidate],
    shown: Sequence[Candidate],
    frames: Mapping[SeriesKey, Frame],
    window: Window,
    offset: int,
    limit: int,
    where_time_goes: str = "",
) -> Overview:
    """Return one page of what is shown of the candidates, with the frames of the page's series."""
    services = tuple(sorted({s for c in found if c.essential and (s := c.key.get("service"))}))
    page = shown[offset : offset + limit]
    hidden = frozenset({"service"}) if len({c.key.get("service") for c in shown}) <= 1 else frozenset()
    states = [c.judgement.state for c in shown]
    rest = [c.judgement.state for c in found if not c.essential]
    return Overview(
        sentence=ONLY_MACHINE
        if is_connected(found) and not shown
        else sentence(shown, hidden, where_time_goes),
        window=window,
        limits=len(states) - states.count(State.NO_LIMIT),
        broken=states.count(State.VIOLATED),
        unknown=states.count(State.UNKNOWN),
        services=services,
        others_within=rest.count(State.WITHIN),
        others_unknown=rest.count(State.UNKNOWN),
        connected=is_connected(found),
        rows_total=len(shown),
        offset=offset,
        rows=rows_of(page, frames, window, hidden),
    )
