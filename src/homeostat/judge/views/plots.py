"""The plots: load, latency, cost and tokens over one axis of time."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np

from homeostat.core.metric import Kind, Metric
from homeostat.core.query import Frame
from homeostat.core.series import SeriesKey
from homeostat.judge.views.event import Event
from homeostat.judge.views.window import Window, line_of

POINTS = 180
DURATIONS = ("operation.duration", "llm.duration")


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a plot: values evenly spaced over the window, None where nothing was measured."""

    name: str
    points: tuple[float | None, ...]


@dataclass(frozen=True, slots=True)
class Plot:
    """Lines of one unit over the window. `limit` is drawn as a line of its own."""

    name: str
    title: str
    unit: str
    lines: tuple[Line, ...]
    limit: float | None = None


@dataclass(frozen=True, slots=True)
class Plots:
    """Plots that share one axis of time: point `i` begins at `start_ns + i * step_ns`.

    `events` are what happened meanwhile, in order of time; the page draws them on the same axis.
    """

    start_ns: int
    step_ns: int
    plots: tuple[Plot, ...]
    events: tuple[Event, ...] = ()


def _sum(frames: Iterable[Frame], statistic: str, window: Window) -> tuple[float | None, ...]:
    lines = [line_of(f, statistic, window, POINTS) for f in frames]
    if not lines:
        return ()
    numbers = np.array([[np.nan if v is None else v for v in line] for line in lines])
    known = np.isfinite(numbers).any(axis=0)
    sums = np.nansum(numbers, axis=0)
    return tuple(float(s) if k else None for s, k in zip(sums, known, strict=True))


def _of(frames: Mapping[SeriesKey, Frame], metrics: tuple[str, ...], **wanted: str) -> list[Frame]:
    return [f for k, f in frames.items() if k.metric in metrics and k.matches(wanted)]


def plots(
    frames: Mapping[SeriesKey, Frame], primary: str, latency_limit_ms: float | None, window: Window
) -> Plots:
    """Return the plots of the page; those without any data are left out.

    `primary` is the operation whose load and latency are drawn. Where several services or models run it,
    latency is that of the busiest one, since quantiles do not add up.
    """
    primary_frames = _of(frames, DURATIONS, operation=primary)
    busiest = max(primary_frames, key=lambda f: int(f.count.sum()), default=None)
    calls = [_counts(f) for f in primary_frames]
    found = [
        Plot("load", f"Load: {primary}", "1/s", _lines({"a second": _sum(calls, "rate", window)})),
        Plot(
            "latency",
            f"Latency: {primary}",
            "ms",
            _lines(
                {name: line_of(busiest, name, window, POINTS) for name in ("p50", "p95", "p99")}
                if busiest is not None
                else {}
            ),
            latency_limit_ms,
        ),
        Plot("cost", "Cost", "USD/s", _lines({"cost": _sum(_of(frames, ("llm.cost",)), "rate", window)})),
        Plot(
            "tokens",
            "Tokens",
            "tokens/s",
            _lines(
                {
                    name: _sum(_of(frames, ("llm.tokens",), type=kind), "rate", window)
                    for kind, name in (("input", "in"), ("output", "out"))
                }
            ),
        ),
    ]
    kept = tuple(p for p in found if p.lines)
    return Plots(*_axis(window), kept)


def series_plot(key: SeriesKey, frame: Frame, metric: Metric | None, window: Window) -> Plots:
    """Return the plot of one series: its quantiles, its rate, or its level."""
    names = {
        Kind.HISTOGRAM: ("p50", "p95", "p99"),
        Kind.COUNTER: ("rate",),
        Kind.GAUGE: ("minimum", "mean", "maximum"),
    }[key.kind]
    lines = _lines({n: line_of(frame, n, window, POINTS) for n in names})
    unit = f"{key.unit}/s" if key.kind is Kind.COUNTER else key.unit
    limit = metric.target if metric is not None else None
    drawn = (Plot(key.metric, key.metric, unit, lines, limit),) if lines else ()
    return Plots(*_axis(window), drawn)


def _axis(window: Window) -> tuple[int, int]:
    step = -(-window.buckets // POINTS)
    return window.start_ns // window.level_ns * window.level_ns, step * window.level_ns


def _counts(frame: Frame) -> Frame:
    """The same buckets with every value a 1, so that their rate is the rate of events."""
    ones = np.ones(frame.count.size)
    zeros = np.zeros(frame.count.size)
    return Frame(frame.start_ns, frame.count, ones, zeros, ones, ones, ones, ones, ones, ones, ones)


def _lines(named: Mapping[str, tuple[float | None, ...]]) -> tuple[Line, ...]:
    return tuple(Line(n, points) for n, points in named.items() if any(p is not None for p in points))
