"""The metric entry: a metric of the catalogue with its state on this machine."""

from collections.abc import Mapping
from dataclasses import dataclass

from homeostat.core.metric import Metric
from homeostat.judge.targets.limit import limit_words


@dataclass(frozen=True, slots=True)
class MetricEntry:
    """One metric of the catalogue, and its state on this machine: measured, not yet, or why it cannot be."""

    name: str
    kind: str
    unit: str
    better: str
    group: str
    collector: str
    help: str
    judged_by: str
    target: float | None
    warning: float | None
    critical: float | None
    limit_words: str
    series: int
    state: str


def metric_entry(metric: Metric, series: int, unavailable: Mapping[str, str]) -> MetricEntry:
    """Return the entry of a metric measured by so many series; `unavailable` says why one cannot be."""
    why = unavailable.get(metric.name)
    if series:
        state = f"measured, {series} series" if series > 1 else "measured"
    else:
        state = f"not available here: {why}" if why else "not measured yet"
    unit = f"{metric.unit}/s" if metric.judged_by == "rate" else metric.unit
    return MetricEntry(
        name=metric.name,
        kind=metric.kind.value,
        unit=metric.unit,
        better=metric.better.value,
        group=metric.group,
        collector=metric.collector,
        help=metric.help,
        judged_by=metric.judged_by,
        target=metric.target,
        warning=metric.warning,
        critical=metric.critical,
        limit_words=limit_words(metric, unit),
        series=series,
        state=state,
    )
