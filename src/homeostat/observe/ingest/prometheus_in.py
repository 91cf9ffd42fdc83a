"""Prometheus in: the exposition of a scraped target becomes points.

Reads the text format 0.0.4 and OpenMetrics 1.0 with prometheus_client's parsers. Native histograms are
not in either text format. Source: the Prometheus documentation on exposition formats.
"""

import math
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from prometheus_client.metrics_core import Metric as Family
from prometheus_client.openmetrics.parser import text_string_to_metric_families as parse_openmetrics
from prometheus_client.parser import text_string_to_metric_families as parse_text

from homeostat.core.clock import SECOND_NS
from homeostat.core.errors import InputError
from homeostat.core.losses import Losses
from homeostat.core.metric import Kind
from homeostat.core.point import Moments, Point
from homeostat.observe.ingest.book import SeriesBook
from homeostat.observe.ingest.cumulative import CumulativeStreams
from homeostat.observe.ingest.explicit import ExplicitTotal, spread, subtract_explicit
from homeostat.observe.ingest.fold import merged
from homeostat.observe.ingest.limits import COUNT_MAX, Limits, in_range
from homeostat.observe.ingest.metrics import EXPLICIT, series_attributes, subtract_number

SUFFIX_UNITS: dict[str, tuple[str, float]] = {
    "_seconds": ("ms", 1e3),
    "_milliseconds": ("ms", 1.0),
    "_microseconds": ("ms", 1e-3),
    "_bytes": ("bytes", 1.0),
    "_ratio": ("ratio", 1.0),
    "_percent": ("ratio", 0.01),
    "_tokens": ("tokens", 1.0),
}
"""Units that a metric's name ends with; those of time are left off the name, as the series is in ms."""

START_TIME = "process_start_time_seconds"

Labels = tuple[tuple[str, str], ...]


def name_and_unit(name: str) -> tuple[str, str, float]:
    """Return a metric's name and unit here, and the factor that converts its values.

    >>> name_and_unit("http_request_duration_seconds"), name_and_unit("queue_length")
    (('http_request_duration', 'ms', 1000.0), ('queue_length', '1', 1.0))
    """
    for suffix, (unit, factor) in SUFFIX_UNITS.items():
        if name.endswith(suffix) and len(name) > len(suffix):
            return (name.removesuffix(suffix) if unit == "ms" else name), unit, factor
    return name, "1", 1.0


@dataclass(frozen=True, slots=True)
class _Memory:
    """What outlives a scrape."""

    losses: Losses
    name_chars: int
    book: SeriesBook
    sums: CumulativeStreams[float]
    histograms: CumulativeStreams[ExplicitTotal]


class PrometheusReader:
    """Turns expositions into points; holds the last totals of each target. For one thread at a time.

    Counters, histograms and summaries are cumulative: what they held before the first scrape is the
    baseline, unless `_created` or `process_start_time_seconds` say that the target began later than
    this reader. Series carry the target's `service` (its job) and `instance`.
    """

    def __init__(self, losses: Losses, limits: Limits, since_ns: int) -> None:
        size = limits.remembered_streams
        self._memory = _Memory(
            losses,
            limits.name_chars,
            SeriesBook(losses, limits.series),
            CumulativeStreams(subtract_number, since_ns, size, losses),
            CumulativeStreams(subtract_explicit, since_ns, size, losses),
        )

    def points(
        self, exposition: str, content_type: str, service: str, instance: str, now_ns: int
    ) -> tuple[Point, ...]:
        """Return the points of one scrape, one a series. Raises InputError for what is no exposition."""
        parse = parse_openmetrics if "openmetrics-text" in content_type else parse_text
        try:
            families = list(parse(exposition))
        except (ValueError, KeyError, IndexError, TypeError, AttributeError) as error:
            raise InputError(
                f"{instance} does not answer in Prometheus' text format: {error}"[:300]
            ) from None
        started_ns = next(
            (
                int(s.value * 1e9)
                for f in families
                if f.name == START_TIME
                for s in f.samples
                if 0.0 < s.value < 1e10
            ),
            0,
        )
        scrape = _Scrape(self._memory, service, instance, now_ns, started_ns)
        return merged(p for f in families for p in scrape.family(f))


class _Scrape:
    """One scrape of one target."""

    def __init__(self, memory: _Memory, service: str, instance: str, now_ns: int, started_ns: int) -> None:
        self._memory = memory
        self._target = (("instance", instance), ("service", service))
        self._now_ns = now_ns
        self._started_ns = started_ns

    def family(self, family: Family) -> Iterator[Point]:
        if len(family.name) > self._memory.name_chars:
            self._memory.losses.add("ingest.points_rejected", len(family.samples))
            return
        name, unit, factor = name_and_unit(family.name.removesuffix("_total") or family.name)
        if family.type == "counter" or (family.type == "unknown" and family.name.endswith("_total")):
            yield from self._counters(family, name, unit, factor)
        elif family.type == "histogram":
            yield from self._histograms(family, name, unit, factor)
        elif family.type == "summary":
            yield from self._summaries(family, name, unit, factor)
        elif family.type not in ("info", "gaugehistogram"):
            for sample in family.samples:
                yield from self._single(name, Kind.GAUGE, unit, sample.labels, sample.value * factor)

    def _single(
        self, name: str, kind: Kind, unit: str, labels: dict[str, str], value: float
    ) -> Iterable[Point]:
        if not in_range(value):
            self._memory.losses.add("ingest.not_finite")
            return ()
        return self._point(name, kind, unit, labels, Moments(1, value, 0.0, value, value, value))

    def _point(
        self,
        name: str,
        kind: Kind,
        unit: str,
        labels: dict[str, str],
        moments: Moments,
        histogram: Any = None,
        *more: tuple[str, str],
    ) -> Iterable[Point]:
        attributes = series_attributes(dict(labels), *self._target, *more)
        key = self._memory.book.key(name, kind, unit, attributes, self._now_ns)
        if key is None:
            return ()
        return (Point(key, self._now_ns // SECOND_NS * SECOND_NS, moments, histogram),)

    def _increase(self, name: str, labels: Labels, start_ns: int, total: float) -> float | None:
        if not in_range(total) or total < 0.0:
            self._memory.losses.add("ingest.not_finite")
            return None
        place = (self._target, name, labels)
        return self._memory.sums.increase(place, start_ns or self._started_ns, self._now_ns, total)

    def _counters(self, family: Family, name: str, unit: str, factor: float) -> Iterator[Point]:
        created = _created(family)
        for sample in family.samples:
            if sample.name.endswith("_created") and sample.name != family.name:
                continue
            labels = tuple(sorted(sample.labels.items()))
            increase = self._increase(name, labels, created.get(labels, 0), sample.value * factor)
            if increase is not None:
                yield from self._single(name, Kind.COUNTER, unit, sample.labels, increase)

    def _histograms(self, family: Family, name: str, unit: str, factor: float) -> Iterator[Point]:
        created = _created(family)
        buckets: dict[Labels, dict[float, float]] = defaultdict(dict)
        sums: dict[Labels, float] = {}
        for sample in family.samples:
            labels = tuple(sorted((k, v) for k, v in sample.labels.items() if k != "le"))
            if sample.name.endswith("_bucket"):
                buckets[labels][_bound(sample.labels.get("le", ""))] = sample.value
            elif sample.name.endswith("_sum"):
                sums[labels] = sample.value * factor
        for labels, held in buckets.items():
            total = _explicit(held, sums.get(labels), factor)
            if total is None:
                self._memory.losses.add("ingest.points_rejected")
                continue
            start_ns = created.get(labels, 0) or self._started_ns
            place = (self._target, name, labels)
            increase = self._memory.histograms.increase(place, start_ns, self._now_ns, total)
            if increase is None or increase.count == 0:
                continue
            moments, histogram = spread(increase, None, None)
            yield from self._point(name, Kind.HISTOGRAM, unit, dict(labels), moments, histogram, EXPLICIT)

    def _summaries(self, family: Family, name: str, unit: str, factor: float) -> Iterator[Point]:
        """Quantiles cannot be merged: they are gauges. Count and sum are counters."""
        created = _created(family)
        for sample in family.samples:
            labels = tuple(sorted(sample.labels.items()))
            if "quantile" in sample.labels:
                yield from self._single(name, Kind.GAUGE, unit, sample.labels, sample.value * factor)
            elif sample.name.endswith(("_sum", "_count")):
                part = sample.name.rpartition("_")[2]
                value = sample.value * (factor if part == "sum" else 1.0)
                increase = self._increase(f"{name}.{part}", labels, created.get(labels, 0), value)
                if increase is not None:
                    part_unit = unit if part == "sum" else "1"
                    yield from self._single(
                        f"{name}.{part}", Kind.COUNTER, part_unit, sample.labels, increase
                    )


def _created(family: Family) -> dict[Labels, int]:
    """When each series of a family began, where it says so."""
    return {
        tuple(sorted(s.labels.items())): int(s.value * 1e9)
        for s in family.samples
        if s.name.endswith("_created") and 0.0 < s.value < 1e10
    }


def _bound(text: str) -> float:
    """Return a bucket's upper bound, NaN where the label is none."""
    try:
        return float(text)
    except ValueError:
        return math.nan


def _explicit(held: dict[float, float], total: float | None, factor: float) -> ExplicitTotal | None:
    """Return a histogram from counts up to each bound; None where they are none."""
    bounds = sorted(b for b in held if in_range(b * factor))
    levels = [0.0, *(held[b] for b in bounds), held.get(math.inf, math.nan)]
    if not all(math.isfinite(c) for c in levels) or any(b < a for a, b in pairwise(levels)):
        return None
    if levels[-1] >= COUNT_MAX or (total is not None and not in_range(total)):
        return None
    counts = tuple(int(b) - int(a) for a, b in pairwise(levels))
    return ExplicitTotal(tuple(b * factor for b in bounds), counts, total)
