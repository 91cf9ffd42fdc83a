"""Prometheus out: cumulative totals in the text format 0.0.4 or in OpenMetrics 1.0.

Histograms are shown at powers of two, which are bounds of the exponential histogram at every scale: the
counts there are exact (but for values that equal a negative bound, which count above it). The bounds are
the same in every answer, as Prometheus' rates need it. Source: OpenMetrics 1.0; OpenTelemetry's
compatibility rules for names.
"""

import math
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from homeostat.core.histogram import ExponentialHistogram
from homeostat.core.metric import Kind
from homeostat.core.query import Total
from homeostat.core.series import SeriesKey
from homeostat.stats.sketch import downscale

TEXT = "text/plain; version=0.0.4; charset=utf-8"
OPENMETRICS = "application/openmetrics-text; version=1.0.0; charset=utf-8"

UNIT_NAMES: dict[str, str] = {
    "1": "",
    "ms": "milliseconds",
    "s": "seconds",
    "USD": "usd",
    "°C": "celsius",
    "W": "watts",
}
"""Units by the names that end a metric's name; all others by their own, made fit for a name."""

EXPONENTS: dict[str, range] = {
    "ms": range(-6, 21),
    "tokens": range(22),
    "bytes": range(0, 41, 2),
    "USD": range(-20, 8),
    "ratio": range(-10, 1),
}
"""Powers of two at which the histograms of a unit are shown."""

OTHER_EXPONENTS = range(-10, 31)


@dataclass(slots=True)
class _Family:
    kind: Kind
    unit: str
    help: str
    series: list[tuple[str, Total]] = field(default_factory=list)
    seen: set[str] = field(default_factory=set)


def media_type(openmetrics: bool) -> str:
    """Return the content type of what `render` gives."""
    return OPENMETRICS if openmetrics else TEXT


def render(
    totals: Iterable[tuple[SeriesKey, Total]],
    openmetrics: bool = False,
    helps: Mapping[str, str] | None = None,
) -> str:
    """Return an exposition of totals since a fixed start. `helps` says what a metric is, by its name."""
    families: dict[str, _Family] = {}
    for key, total in totals:
        unit = _unit(key.unit)
        name = _family_name(key.metric, unit)
        family = families.get(name)
        if family is not None and family.kind is not key.kind:
            name = f"{name}_{key.kind.value}"
            family = families.get(name)
        if family is None:
            family = families[name] = _Family(
                key.kind, unit if name.endswith(unit) else "", (helps or {}).get(key.metric, "")
            )
        labels = _labels(key.attributes)
        if labels not in family.seen:
            family.seen.add(labels)
            family.series.append((labels, total))
    lines = [line for name in sorted(families) for line in _lines(name, families[name], openmetrics)]
    if openmetrics:
        lines.append("# EOF")
    return "\n".join(lines) + "\n"


def _unit(unit: str) -> str:
    name = UNIT_NAMES.get(unit)
    if name is None:
        name = re.sub(r"[^a-zA-Z0-9]+", "_", unit.replace("/s", "_per_second")).strip("_").lower()
    return name


def _family_name(metric: str, unit: str) -> str:
    name = re.sub(r"[^a-zA-Z0-9_:]+", "_", metric).strip("_") or "metric"
    if name[0].isdigit():
        name = f"_{name}"
    name = name.removesuffix("_total")
    return name if not unit or name.endswith(f"_{unit}") else f"{name}_{unit}"


def _labels(attributes: Sequence[tuple[str, str]]) -> str:
    """Return the labels between braces; names that become equal share their values, joined by `;`."""
    found: dict[str, str] = {}
    for attribute, value in attributes:
        name = re.sub(r"[^a-zA-Z0-9_]+", "_", attribute).strip("_") or "label"
        if name[0].isdigit() or name in ("le", "quantile"):
            name = f"exported_{name}"
        found[name] = f"{found[name]};{value}" if name in found else value
    return ",".join(f'{name}="{_escaped(value)}"' for name, value in sorted(found.items()))


def _escaped(value: str) -> str:
    return value.replace("\\", r"\\").replace("\n", r"\n").replace('"', r"\"")


def _number(value: float) -> str:
    if not math.isfinite(value):
        return "NaN" if math.isnan(value) else "+Inf" if value > 0 else "-Inf"
    return repr(int(value)) if float(value).is_integer() and abs(value) < 1e15 else repr(float(value))


def _lines(name: str, family: _Family, openmetrics: bool) -> Iterator[str]:
    counter = family.kind is Kind.COUNTER
    head = f"{name}_total" if counter and not openmetrics else name
    if family.help:
        text = family.help.replace("\\", r"\\").replace("\n", r"\n")
        yield f"# HELP {head} {text.replace(chr(34), chr(92) + chr(34)) if openmetrics else text}"
    yield f"# TYPE {head} {family.kind.value}"
    if openmetrics and family.unit:
        yield f"# UNIT {head} {family.unit}"
    for labels, total in family.series:
        braces = f"{{{labels}}}" if labels else ""
        if counter:
            yield f"{name}_total{braces} {_number(total.moments.total)}"
        elif family.kind is Kind.GAUGE:
            yield f"{name}{braces} {_number(total.moments.last)}"
        else:
            yield from _histogram_lines(name, family.unit, labels, total, openmetrics)


def _histogram_lines(name: str, unit: str, labels: str, total: Total, openmetrics: bool) -> Iterator[str]:
    before = f"{labels}," if labels else ""
    if total.histogram is not None:
        units = {v: k for k, v in UNIT_NAMES.items() if v}
        exponents = EXPONENTS.get(units.get(unit, unit), OTHER_EXPONENTS)
        for bound, count in counts_at(total.histogram, exponents):
            le = repr(bound) if openmetrics else _number(bound)
            yield f'{name}_bucket{{{before}le="{le}"}} {count}'
    yield f'{name}_bucket{{{before}le="+Inf"}} {total.moments.count}'
    braces = f"{{{labels}}}" if labels else ""
    yield f"{name}_sum{braces} {_number(total.moments.total)}"
    yield f"{name}_count{braces} {total.moments.count}"


def counts_at(histogram: ExponentialHistogram, exponents: Iterable[int]) -> Iterator[tuple[float, int]]:
    """Yield `2**k` and the number of values up to it, for increasing `k`.

    Exact at scales from 0 up. A histogram coarser than that has bounds only at some powers of two: the
    others are left out.
    """
    scale = min(histogram.scale, 0)
    coarse = downscale(histogram, scale)
    step = 1 << -scale
    below = int(coarse.negative.counts.sum()) + coarse.zero_count
    counts = coarse.positive.counts
    offset = coarse.positive.offset
    for exponent in exponents:
        if exponent % step == 0:
            buckets = min(max(exponent // step - offset, 0), counts.size)
            yield 2.0**exponent, below + int(counts[:buckets].sum())
