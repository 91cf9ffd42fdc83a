"""The plot: a line with its range, forecast, limit and events, as SVG that reads well on paper."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from markupsafe import Markup, escape

from homeostat.app.web.charts import Axis, Points, axis_from_zero, known, path
from homeostat.core.clock import DAY_NS, HOUR_NS, MINUTE_NS, SECOND_NS
from homeostat.judge.reports.outlook import Outlook
from homeostat.judge.reports.report import ReportMetric
from homeostat.judge.words.moment_words import length_words
from homeostat.judge.words.quantity import number, quantity

WIDTH, HEIGHT = 640.0, 170.0
LEFT, TOP, BOTTOM, RIGHT = 62.0, 16.0, 20.0, 6.0

_STEPS_NS = (
    *(n * SECOND_NS for n in (1, 2, 5, 10, 15, 30)),
    *(n * MINUTE_NS for n in (1, 2, 5, 10, 15, 30)),
    *(n * HOUR_NS for n in (1, 2, 3, 6, 12)),
    *(n * DAY_NS for n in (1, 2, 7, 14, 30, 91, 183)),
    *(n * 365 * DAY_NS for n in (1, 2, 5, 10, 20, 50, 100)),
)


@dataclass(frozen=True, slots=True)
class Mark:
    """Something that happened, drawn as a line with a number that a list beside the plot explains."""

    at_ns: int
    label: str


def plot(metric: ReportMetric, outlook: Outlook | None, marks: Sequence[Mark]) -> Markup:
    """Return the plot of a metric; empty where it has no points."""
    values = known((metric.points, metric.lows, metric.highs))
    if len(values) < 6:
        return Markup("")
    ahead = _thinned(outlook, metric.step_ns) if outlook is not None and outlook.point else None
    if ahead is not None:
        values = [*values, *ahead.point]
    axis = _axis(values, metric.target)
    end_ns = metric.start_ns + metric.step_ns * max(len(metric.points) - 1, 1)
    if ahead is not None:
        end_ns = ahead.start_ns + ahead.step_ns * (len(ahead.point) - 1)
    frame = _Frame(metric.start_ns, max(end_ns, metric.start_ns + 1), axis)
    return Markup().join(
        (
            Markup('<svg class="plot" viewBox="0 0 {} {}" role="img" aria-label="{}">').format(
                int(WIDTH), int(HEIGHT), f"{metric.title} over time"
            ),
            _grid(frame, metric),
            _ahead(frame, ahead),
            _range(frame, metric),
            _line(frame, metric),
            _limit(frame, metric),
            _marks(frame, marks),
            Markup("</svg>"),
        )
    )


def _thinned(outlook: Outlook, step_ns: int) -> Outlook:
    """The forecast as coarse as the line that it continues: means, and the widest of the intervals."""
    block = max(step_ns // outlook.step_ns, 1)
    starts = range(0, len(outlook.point), block)
    pieces = [outlook.point[i : i + block] for i in starts]
    return replace(
        outlook,
        step_ns=outlook.step_ns * block,
        point=tuple(sum(p) / len(p) for p in pieces),
        low=tuple(min(outlook.low[i : i + block]) for i in starts),
        high=tuple(max(outlook.high[i : i + block]) for i in starts),
    )


@dataclass(frozen=True, slots=True)
class _Frame:
    start_ns: int
    end_ns: int
    axis: Axis

    def x(self, ns: float) -> float:
        return LEFT + (WIDTH - LEFT - RIGHT) * (ns - self.start_ns) / (self.end_ns - self.start_ns)

    def y(self, value: float) -> float:
        inner = HEIGHT - TOP - BOTTOM
        return TOP + min(max(self.axis.at(value, inner), 0.0), inner)


def _axis(values: Sequence[float], target: float | None) -> Axis:
    """From zero where values come near it; around the values otherwise. A limit far away is left out."""
    low, high = min(values), max(values)
    if target is not None and low - (high - low) <= target <= high + (high - low):
        low, high = min(low, target), max(high, target)
    if low >= 0 and low < 0.6 * high:
        return axis_from_zero([high])
    pad = (high - low) * 0.06 or abs(high) * 0.05 or 1.0
    shifted = axis_from_zero([high - low + 2 * pad], 4)
    step = shifted.ticks[1]
    first = (low - pad) // step * step
    count = int((high + pad - first) // step) + 1
    return Axis(first, first + count * step, tuple(first + i * step for i in range(count + 1)))


def _safe(text: str) -> Markup:
    return Markup(text)  # noqa: S704 - made of numbers and escaped texts only


def _grid(frame: _Frame, metric: ReportMetric) -> Markup:
    parts: list[str] = []
    for tick in frame.axis.ticks:
        y = frame.y(tick)
        words = escape(quantity(tick, metric.unit))
        parts.append(f'<path class="grid" d="M{LEFT:g} {y:.1f}H{WIDTH - RIGHT:g}"/>')
        parts.append(f'<text class="tick" x="{LEFT - 6:g}" y="{y + 3:.1f}" text-anchor="end">{words}</text>')
    for ns, label in time_ticks(frame.start_ns, frame.end_ns, metric.origin):
        x = frame.x(ns)
        parts.append(f'<path class="grid" d="M{x:.1f} {HEIGHT - BOTTOM:g}v4"/>')
        place = f'x="{x:.1f}" y="{HEIGHT - 4:g}" text-anchor="middle"'
        parts.append(f'<text class="tick" {place}>{escape(label)}</text>')
    return _safe("".join(parts))


def time_ticks(start_ns: int, end_ns: int, origin: str) -> list[tuple[int, str]]:
    """Return round moments between two, with their labels.

    >>> [label for _, label in time_ticks(0, 4 * HOUR_NS, "epoch")][:3]
    ['01:00', '02:00', '03:00']
    """
    span = end_ns - start_ns
    if origin == "rows":
        axis = axis_from_zero([span / SECOND_NS], 5)
        return [(int(t * SECOND_NS), number(t)) for t in axis.ticks[1:] if t * SECOND_NS < 0.97 * span]
    step = next((s for s in _STEPS_NS if span / s <= 6.5), _STEPS_NS[-1])
    if origin == "relative":
        return [(t, length_words(t)) for t in range(step, int(0.97 * span), step)]
    if step >= 30 * DAY_NS:
        return _calendar(start_ns, end_ns, step)
    first = -(-(start_ns + span // 40) // step) * step
    style = "%H:%M:%S" if step < MINUTE_NS else "%H:%M" if step < DAY_NS else "%d %b"
    ticks = range(first, int(end_ns - span * 0.03), step)
    return [(t, (datetime.fromtimestamp(t / 1e9, UTC)).strftime(_style(t, style))) for t in ticks]


def _style(ns: int, style: str) -> str:
    return "%d %b" if ns % DAY_NS == 0 else style


def _calendar(start_ns: int, end_ns: int, step_ns: int) -> list[tuple[int, str]]:
    """The first of months or years."""
    months = round(step_ns / (30.4 * DAY_NS))
    start = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=start_ns // 1000)
    year, month = start.year, start.month
    ticks = []
    for _ in range(10_000):
        month += 1
        year, month = (year + 1, 1) if month > 12 else (year, month)
        if year > 9998:
            break
        if ((year * 12 + month - 1) % months) or (months >= 12 and month != 1):
            continue
        since = datetime(year, month, 1, tzinfo=UTC) - datetime(1970, 1, 1, tzinfo=UTC)
        ns = int(since.total_seconds()) * SECOND_NS
        if ns >= end_ns - (end_ns - start_ns) * 0.03:
            break
        if ns > start_ns + (end_ns - start_ns) // 40:
            ticks.append((ns, str(year) if months >= 12 else f"{datetime(year, month, 1, tzinfo=UTC):%b %Y}"))
    return ticks


def _scaled(points: Points, frame: _Frame, start_ns: int, step_ns: int) -> str:
    """The path of a line within the frame."""
    x0, x1 = frame.x(start_ns), frame.x(start_ns + step_ns * max(len(points) - 1, 1))
    inner = HEIGHT - TOP - BOTTOM
    drawn = path(points, frame.axis, x1 - x0, inner)
    return f'<g transform="translate({x0:.2f} {TOP:g})"><path d="{drawn}"/></g>'


def _line(frame: _Frame, metric: ReportMetric) -> Markup:
    drawn = _scaled(metric.points, frame, metric.start_ns, metric.step_ns)
    return _safe(f'<g class="line">{drawn}</g>')


def _area(frame: _Frame, lows: Points, highs: Points, start_ns: int, step_ns: int, kind: str) -> Markup:
    """The area between two lines, one piece for each run without a gap."""
    pieces: list[str] = []
    run: list[tuple[float, float, float]] = []
    for i, (low, high) in enumerate([*zip(lows, highs, strict=True), (None, None)]):
        if low is not None and high is not None:
            run.append((frame.x(start_ns + i * step_ns), frame.y(low), frame.y(high)))
            continue
        if len(run) > 1:
            there = "L".join(f"{x:.1f} {y:.1f}" for x, _, y in run)
            back = "L".join(f"{x:.1f} {y:.1f}" for x, y, _ in reversed(run))
            pieces.append(f"M{there}L{back}Z")
        run = []
    return _safe(f'<path class="{kind}" d="{"".join(pieces)}"/>') if pieces else Markup("")


def _range(frame: _Frame, metric: ReportMetric) -> Markup:
    return _area(frame, metric.lows, metric.highs, metric.start_ns, metric.step_ns, "range")


def _ahead(frame: _Frame, ahead: Outlook | None) -> Markup:
    if ahead is None:
        return Markup("")
    area = _area(frame, ahead.low, ahead.high, ahead.start_ns, ahead.step_ns, "band")
    line = _scaled(ahead.point, frame, ahead.start_ns, ahead.step_ns)
    return area + _safe(f'<g class="ahead">{line}</g>')


def _limit(frame: _Frame, metric: ReportMetric) -> Markup:
    if metric.target is None or not frame.axis.low <= metric.target <= frame.axis.high:
        return Markup("")
    y = frame.y(metric.target)
    return _safe(
        f'<path class="limit" d="M{LEFT:g} {y:.1f}H{WIDTH - RIGHT:g}"/>'
        f'<text class="limit-word" x="{LEFT + 4:g}" y="{y - 3:.1f}">limit</text>'
    )


def _marks(frame: _Frame, marks: Sequence[Mark]) -> Markup:
    parts = []
    for mark in marks:
        x = frame.x(mark.at_ns)
        if LEFT <= x <= WIDTH:
            place = f'x="{x:.1f}" y="{TOP - 4:g}" text-anchor="middle"'
            parts.append(f'<path class="mark" d="M{x:.1f} {TOP:g}V{HEIGHT - BOTTOM:g}"/>')
            parts.append(f'<text class="mark-word" {place}>{escape(mark.label)}</text>')
    return _safe("".join(parts))
