"""The resources: what the machine and the process use, and what cannot be measured here, with the reason."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from homeostat.core.metric import Kind, Metric
from homeostat.core.query import Frame, Total
from homeostat.core.series import Attributes, SeriesKey
from homeostat.judge.targets.limit import State, judge, limit_words
from homeostat.judge.targets.statistic import statistic
from homeostat.judge.views.window import SPARK_POINTS, Window, held, line_of
from homeostat.judge.words.quantity import quantity


@dataclass(frozen=True, slots=True)
class ResourceRow:
    """One resource. `now` is its newest value (of a counter: its rate over the window).

    Where it could not be measured the numbers are None and `words` says why.
    """

    metric: str
    attributes: Attributes
    help: str
    unit: str
    now: float | None
    mean: float | None
    maximum: float | None
    words: str
    state: State
    limit_words: str
    available: bool
    points: tuple[float | None, ...]


@dataclass(frozen=True, slots=True)
class ResourceGroup:
    """The resources of one kind, such as memory."""

    name: str
    rows: tuple[ResourceRow, ...]


def resources(
    metrics: Sequence[Metric],
    unavailable: Mapping[str, str],
    totals: Mapping[SeriesKey, Total],
    frames: Mapping[SeriesKey, Frame],
    window: Window,
) -> tuple[ResourceGroup, ...]:
    """Return the given metrics of the catalogue by group, in the catalogue's order.

    `unavailable` says why a metric cannot be measured on this machine.
    """
    by_metric: dict[str, list[SeriesKey]] = {}
    for key in sorted(totals):
        by_metric.setdefault(key.metric, []).append(key)
    groups: dict[str, list[ResourceRow]] = {}
    for metric in metrics:
        rows = groups.setdefault(metric.group, [])
        keys = by_metric.get(metric.name, [])
        rows.extend(_measured(metric, key, totals[key], frames.get(key), window) for key in keys)
        if not keys:
            why = unavailable.get(metric.name)
            rows.append(_missing(metric, f"not available here: {why}" if why else "not measured yet"))
    return tuple(ResourceGroup(name, tuple(rows)) for name, rows in groups.items())


def _measured(
    metric: Metric, key: SeriesKey, total: Total, frame: Frame | None, window: Window
) -> ResourceRow:
    counter = key.kind is Kind.COUNTER
    seconds = window.seconds(key.get("service"))
    unit = f"{key.unit}/s" if counter else key.unit
    shown = statistic(total, "rate" if counter else "last", key.unit, seconds)
    judged = statistic(total, metric.judged_by, key.unit, seconds)
    moments = total.moments
    points: tuple[float | None, ...] = ()
    if frame is not None:
        points = line_of(frame, "rate" if counter else "mean", window, SPARK_POINTS)
        if key.kind is Kind.GAUGE:
            points = held(points)
    return ResourceRow(
        metric=metric.name,
        attributes=key.attributes,
        help=metric.help,
        unit=unit,
        now=shown.value,
        mean=shown.value if counter else moments.mean,
        maximum=None if counter else moments.maximum,
        words=quantity(shown.value, unit),
        state=judge(judged, moments.count, metric).state,
        limit_words=limit_words(metric, judged.unit),
        available=True,
        points=points,
    )


def _missing(metric: Metric, words: str) -> ResourceRow:
    return ResourceRow(
        metric=metric.name,
        attributes=(),
        help=metric.help,
        unit=metric.unit,
        now=None,
        mean=None,
        maximum=None,
        words=words,
        state=State.UNKNOWN,
        limit_words="",
        available=False,
        points=(),
    )
