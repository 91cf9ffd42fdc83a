"""The charts: inline SVG, drawn on the server, readable without JavaScript."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from markupsafe import Markup

Points = Sequence[float | None]

WIDTH, HEIGHT = 120.0, 28.0
PLOT_WIDTH, PLOT_HEIGHT = 720.0, 120.0


@dataclass(frozen=True, slots=True)
class Axis:
    """The range of values that a chart shows, and the ticks on it."""

    low: float
    high: float
    ticks: tuple[float, ...]

    def at(self, value: float, height: float) -> float:
        """Return the distance of a value from the upper edge."""
        span = self.high - self.low
        return height * (1.0 - (value - self.low) / span) if span else height / 2


def known(lines: Iterable[Points]) -> list[float]:
    """Return all values that are there."""
    return [v for points in lines for v in points if v is not None and math.isfinite(v)]


def axis_from_zero(values: Sequence[float], ticks: int = 3) -> Axis:
    """Return an axis from zero to a round number above all values.

    >>> axis_from_zero([3.0, 412.0]).ticks
    (0.0, 200.0, 400.0, 600.0)
    """
    top = max(values, default=1.0)
    if top <= 0:
        return Axis(0.0, 1.0, (0.0, 1.0))
    rough = top / ticks
    magnitude = 10.0 ** math.floor(math.log10(rough))
    step = next(m * magnitude for m in (1.0, 2.0, 2.5, 5.0, 10.0) if m * magnitude >= rough * 0.999)
    count = math.ceil(top / step - 1e-9)
    return Axis(0.0, step * count, tuple(step * i for i in range(count + 1)))


def close_axis(values: Sequence[float]) -> Axis:
    """Return an axis around the values for a small picture: from zero where they come near to it."""
    low, high = min(values), max(values)
    if low >= 0 and low < 0.6 * high:
        low = 0.0
    pad = (high - low) * 0.08 or abs(high) * 0.1 or 1.0
    return Axis(low - (pad if low else 0.0), high + pad, ())


def path(points: Points, axis: Axis, width: float, height: float) -> str:
    """Return the line through the points as the `d` of an SVG path; a gap begins a new piece."""
    step = width / max(len(points) - 1, 1)
    pieces = []
    pen_up = True
    for i, value in enumerate(points):
        if value is None or not math.isfinite(value):
            pen_up = True
            continue
        y = min(max(axis.at(value, height), 0.0), height)
        lone = pen_up and (i + 1 == len(points) or points[i + 1] is None)
        pieces.append(f"{'M' if pen_up else 'L'}{i * step:.1f} {y:.1f}{'h.1' if lone else ''}")
        pen_up = False
    return "".join(pieces)


def _opening(kind: str, width: float, height: float) -> str:
    return (
        f'<svg class="{kind}" viewBox="0 0 {width:g} {height:g}" preserveAspectRatio="none" '
        'aria-hidden="true">'
    )


def sparkline(
    points: Points, limit: float | None = None, low: float | None = None, high: float | None = None
) -> Markup:
    """Return a small line; the band is the interval, the dashed line the limit."""
    values = known((points,))
    if not values:
        return Markup('<span class="spark none" aria-hidden="true"></span>')
    seen = [*values]
    top = max(values) - min(min(values), 0.0)
    if limit is not None and limit <= max(values) + 1.5 * top:
        seen.append(limit)
    axis = close_axis(seen)
    parts = [_opening("spark", WIDTH, HEIGHT)]
    if low is not None and high is not None:
        above = min(max(axis.at(high, HEIGHT), 0.0), HEIGHT)
        below = min(max(axis.at(low, HEIGHT), 0.0), HEIGHT)
        tall = max(below - above, 0.5)
        parts.append(f'<rect class="band" x="0" y="{above:.1f}" width="{WIDTH:g}" height="{tall:.1f}"/>')
    if limit is not None and limit in seen:
        y = axis.at(limit, HEIGHT)
        parts.append(f'<path class="limit" d="M0 {y:.1f}H{WIDTH:g}"/>')
    parts.append(f'<path class="line" d="{path(points, axis, WIDTH, HEIGHT)}"/></svg>')
    return Markup("".join(parts))  # noqa: S704 - made of numbers only


@dataclass(frozen=True, slots=True)
class Chart:
    """A drawn plot: its SVG and the axis, whose labels the page writes beside it."""

    svg: Markup
    axis: Axis


def chart(lines: Sequence[Points], limit: float | None = None, marks: Sequence[float] = ()) -> Chart:
    """Return lines on one axis from zero; a limit far above all values is left out.

    `marks` are shares of the width at which a thin line stands upright.
    """
    values = known(lines)
    top = max(values, default=0.0)
    shown = limit if limit is not None and limit <= top * 2 else None
    axis = axis_from_zero([*values, *([shown] if shown is not None else [])])
    parts = [_opening("chart", PLOT_WIDTH, PLOT_HEIGHT)]
    heights = [axis.at(tick, PLOT_HEIGHT) for tick in axis.ticks]
    parts.extend(f'<path class="grid" d="M0 {y:.1f}H{PLOT_WIDTH:g}"/>' for y in heights)
    if shown is not None:
        parts.append(f'<path class="limit" d="M0 {axis.at(shown, PLOT_HEIGHT):.1f}H{PLOT_WIDTH:g}"/>')
    parts.extend(f'<path class="mark" d="M{at * PLOT_WIDTH:.1f} 0V{PLOT_HEIGHT:g}"/>' for at in marks)
    for i, points in enumerate(lines):
        parts.append(f'<path class="line line-{i}" d="{path(points, axis, PLOT_WIDTH, PLOT_HEIGHT)}"/>')
    parts.append("</svg>")
    return Chart(Markup("".join(parts)), axis)  # noqa: S704 - made of numbers only
