"""Derived metrics: what spans say of latency, tokens, cost and errors, as points.

Latency is taken from spans because the instrumentations' own metrics disagree (a duration that stops
before a stream is read, buckets in another unit). The series have the names and attributes of those
that in-process operations record.
"""

from collections.abc import Iterable

from homeostat.core.clock import SECOND_NS
from homeostat.core.losses import Losses
from homeostat.core.metric import Kind
from homeostat.core.point import Point
from homeostat.core.series import SeriesKey
from homeostat.core.span import LlmCall, Span
from homeostat.observe.ingest.fold import fold
from homeostat.observe.ingest.roster import Roster

OVERFLOW = (("overflow", "true"),)
Attributes = tuple[tuple[str, str], ...]
Identity = tuple[str, ...]

COMMON = ("service", "release")
"""What every series carries, the release where there is one."""

TOKEN_TYPES = ("input", "output", "cached", "cache_write", "reasoning")

_Columns = dict[tuple[SeriesKey, int], list[float]]


class _Cell:
    """The columns that the calls of one identity in one second fill."""

    __slots__ = ("_columns", "_known", "_second", "identity")

    def __init__(self, columns: _Columns, identity: "_Series", second: int) -> None:
        self._columns = columns
        self.identity = identity
        self._second = second
        self._known: dict[str, list[float]] = {}

    def __getitem__(self, name: str) -> list[float]:
        found = self._known.get(name)
        if found is None:
            key = (self.identity.key(name), self._second)
            found = self._known[name] = self._columns.setdefault(key, [])
        return found


class _Series:
    """The series that share one set of attributes."""

    __slots__ = ("_attributes", "_keys")

    def __init__(self, attributes: Attributes) -> None:
        self._attributes = attributes
        self._keys: dict[str, SeriesKey] = {}

    def key(self, name: str) -> SeriesKey:
        found = self._keys.get(name)
        if found is None:
            metric, kind, unit, extra = METRICS[name]
            attributes = tuple(sorted((*self._attributes, *extra)))
            found = self._keys[name] = SeriesKey(metric, kind, unit, attributes)
        return found


METRICS: dict[str, tuple[str, Kind, str, Attributes]] = {
    "operation.duration": ("operation.duration", Kind.HISTOGRAM, "ms", ()),
    "operation.errors": ("operation.errors", Kind.COUNTER, "1", ()),
    "llm.duration": ("llm.duration", Kind.HISTOGRAM, "ms", ()),
    "llm.time_to_first_token": ("llm.time_to_first_token", Kind.HISTOGRAM, "ms", ()),
    "llm.time_per_output_token": ("llm.time_per_output_token", Kind.HISTOGRAM, "ms", ()),
    "llm.cost": ("llm.cost", Kind.COUNTER, "USD", ()),
    "llm.calls_unpriced": ("llm.calls_unpriced", Kind.COUNTER, "1", ()),
    "llm.errors": ("llm.errors", Kind.COUNTER, "1", ()),
    **{t: ("llm.tokens", Kind.COUNTER, "tokens", (("type", t),)) for t in TOKEN_TYPES},
}
"""What is derived: metric, kind, unit and further attributes by a short name."""


class Deriver:
    """Turns spans into points, with a bounded number of series.

    Each metric has at most `series_max` sets of attributes (of `llm.tokens` each with up to five types);
    what comes after them shares the series marked `overflow` and is counted. Sets that were idle for an hour
    (those of releases that no longer run) make room for new ones.
    """

    def __init__(self, losses: Losses, series_max: int) -> None:
        self._losses = losses
        self._series: dict[str, Roster[Identity, _Series]] = {
            kind: Roster(series_max) for kind in ("operation", "error", "llm", "llm_error")
        }
        self._overflow = _Series(OVERFLOW)
        self._now_ns = 0

    def points(self, spans: Iterable[Span], now_ns: int) -> tuple[Point, ...]:
        """Return the points of spans that were not seen before, in the second in which each span ended."""
        self._now_ns = now_ns
        columns: _Columns = {}
        cells: dict[tuple[str | int, ...], _Cell] = {}
        for span in spans:
            duration_ns = span.duration_ns
            second = (span.start_ns + duration_ns) // SECOND_NS
            llm = span.llm
            service, release = span.service, span.release
            if llm is None:
                place: tuple[str | int, ...] = (second, span.operation, service, release)
                cell = cells.get(place)
                if cell is None:
                    series = self._of("operation", (span.operation, service, release), ("operation", *COMMON))
                    cell = cells[place] = _Cell(columns, series, second)
                cell["operation.duration"].append(duration_ns / 1e6)
                if span.error:
                    series = self._of(
                        "error",
                        (span.error, span.operation, service, release),
                        ("error", "operation", *COMMON),
                    )
                    _Cell(columns, series, second)["operation.errors"].append(1.0)
                continue
            place = (second, llm.model, llm.provider, llm.operation, service, release)
            cell = cells.get(place)
            if cell is None:
                series = self._of("llm", place[1:], ("model", "provider", "operation", *COMMON))
                cell = cells[place] = _Cell(columns, series, second)
            _fill(cell, llm, duration_ns, bool(span.error))
            if span.error:
                series = self._of(
                    "llm_error",
                    (span.error, llm.model, llm.provider, llm.operation, service, release),
                    ("error", "model", "provider", "operation", *COMMON),
                )
                _Cell(columns, series, second)["llm.errors"].append(1.0)
        return fold(columns)

    def _of(self, kind: str, identity: Identity, names: tuple[str, ...]) -> _Series:
        known = self._series[kind]
        found = known.find(identity, self._now_ns)
        if found is not None:
            return found
        forgotten = known.make_room(self._now_ns)
        if forgotten:
            self._losses.add("ingest.series_forgotten", forgotten)
        pairs = zip(names, identity, strict=True)
        made = _Series(tuple((n, v) for n, v in pairs if v or n != "release"))
        if known.add(identity, made, self._now_ns):
            return made
        self._losses.add("ingest.series_limit")
        return self._overflow


def _fill(cell: _Cell, call: LlmCall, duration_ns: int, failed: bool) -> None:
    cell["llm.duration"].append(duration_ns / 1e6)
    output_tokens = call.output_tokens
    if call.first_token_ns is not None:
        cell["llm.time_to_first_token"].append(call.first_token_ns / 1e6)
        if output_tokens is not None and output_tokens > 1:
            cell["llm.time_per_output_token"].append(
                (duration_ns - call.first_token_ns) / 1e6 / (output_tokens - 1)
            )
    if call.input_tokens is not None:
        cell["input"].append(call.input_tokens)
    if output_tokens is not None:
        cell["output"].append(output_tokens)
    if call.cached_tokens is not None:
        cell["cached"].append(call.cached_tokens)
    if call.cache_write_tokens is not None:
        cell["cache_write"].append(call.cache_write_tokens)
    if call.reasoning_tokens is not None:
        cell["reasoning"].append(call.reasoning_tokens)
    if call.cost_usd is not None:
        cell["llm.cost"].append(call.cost_usd)
    elif not failed:
        cell["llm.calls_unpriced"].append(1.0)
