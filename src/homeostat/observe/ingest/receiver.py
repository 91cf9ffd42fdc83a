"""The receiver: bodies of OTLP requests become batches."""

import threading
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from homeostat.core.application import Application
from homeostat.core.batch import Batch
from homeostat.core.clock import Clock
from homeostat.core.losses import Losses
from homeostat.core.point import Point
from homeostat.core.span import LogRecord, Scalar, Span
from homeostat.observe.ingest.attributes import AttributeReader
from homeostat.observe.ingest.derive import Deriver
from homeostat.observe.ingest.fold import merged
from homeostat.observe.ingest.formats import DAMAGED, FORMATS, Format, format_of
from homeostat.observe.ingest.limits import Limits
from homeostat.observe.ingest.logs import LogReader
from homeostat.observe.ingest.metrics import VALUE_CHARS, MetricReader, Writer
from homeostat.observe.ingest.nesting import Nesting
from homeostat.observe.ingest.recent import Recent
from homeostat.observe.ingest.spans import Price, SpanReader
from homeostat.observe.pricing import cost_usd

UNKNOWN_SERVICE = "unknown_service"
OWN_SCOPE = "homeostat"
"""The instrumentation scope of Homeostat's own exporter: it sends its metrics itself, so its spans are
not measured again."""


@dataclass(frozen=True, slots=True)
class Received:
    """What became of one request: what to write, how many of its items were rejected, and why."""

    batch: Batch
    rejected: int = 0
    reason: str = ""


class _Rejections:
    """Counts what is rejected of one request."""

    def __init__(self) -> None:
        self._reasons: Counter[str] = Counter()

    def add(self, reason: str) -> None:
        self._reasons[reason] += 1

    def received(self, batch: Batch, losses: Losses, items: str) -> Received:
        total = self._reasons.total()
        if total:
            losses.add(f"ingest.{items}_rejected", total)
        reason = "; ".join(f"{n} rejected: {r}" for r, n in self._reasons.most_common(3))
        return Received(batch, total, reason)


@dataclass(frozen=True, slots=True)
class _Readers:
    """The readers of one wire format."""

    attributes: AttributeReader
    spans: SpanReader
    logs: LogReader


class Receiver:
    """Takes in OTLP. Any thread may call: parsing holds no lock, what is remembered is behind one.

    What it has returned counts as taken in: a span that comes again is returned again (stores know it by
    its ids) but not measured again, and a cumulative counter goes on from its last value. So make sure
    that there is room for a batch before you ask for it.
    """

    def __init__(
        self,
        clock: Clock,
        losses: Losses,
        limits: Limits | None = None,
        capture_content: bool = False,
        price: Price = cost_usd,
    ) -> None:
        limits = limits or Limits()
        self._clock = clock
        self._losses = losses
        self._lock = threading.Lock()
        self._readers: dict[str, _Readers] = {}
        for wire_format in FORMATS.values():
            attributes = AttributeReader(wire_format.attribute, losses, limits, capture_content)
            self._readers[wire_format.media_type] = _Readers(
                attributes,
                SpanReader(attributes, losses, limits, capture_content, price),
                LogReader(attributes, losses, limits, capture_content),
            )
        self._metrics = MetricReader(losses, limits, clock.now_ns())
        self._seen = Recent(limits.remembered_spans)
        self._nesting = Nesting(limits.remembered_spans)
        self._deriver = Deriver(losses, limits.series)

    def traces(self, body: bytes, media_type: str) -> Received:
        """Take in an ExportTraceServiceRequest. Raises InputError where nothing of it can be read."""
        wire_format = format_of(media_type)
        request = wire_format.request("traces", body)
        rejections = _Rejections()
        spans = list(self._read_spans(request, wire_format, rejections.add))
        with self._lock:
            spans = self._nesting.innermost(spans)
            unseen = (s for s in self._unseen(spans) if s.source != OWN_SCOPE)
            points = self._deriver.points(unseen, self._clock.now_ns())
        return rejections.received(Batch(points=points, spans=tuple(spans)), self._losses, "spans")

    def metrics(self, body: bytes, media_type: str) -> Received:
        """Take in an ExportMetricsServiceRequest. Raises InputError where nothing of it can be read."""
        wire_format = format_of(media_type)
        request = wire_format.request("metrics", body)
        rejections = _Rejections()
        with self._lock:
            points = merged(self._read_points(request, wire_format, rejections.add))
        return rejections.received(Batch(points=points), self._losses, "points")

    def logs(self, body: bytes, media_type: str) -> Received:
        """Take in an ExportLogsServiceRequest. Raises InputError where nothing of it can be read."""
        wire_format = format_of(media_type)
        request = wire_format.request("logs", body)
        rejections = _Rejections()
        logs = tuple(self._read_logs(request, wire_format, rejections.add))
        return rejections.received(Batch(logs=logs), self._losses, "logs")

    def _read_spans(self, request: Any, wire_format: Format, reject: Callable[[str], None]) -> Iterator[Span]:
        now_ns = self._clock.now_ns()
        read = self._readers[wire_format.media_type].spans.span
        parse = wire_format.span
        for resource_spans in request.resource_spans:
            application = self._writer(resource_spans.resource, wire_format).application
            for scope_spans in resource_spans.scope_spans:
                source = scope_spans.scope.name or "otlp"
                for encoded in scope_spans.spans:
                    try:
                        span = read(parse(encoded), application, source, now_ns)
                    except DAMAGED:
                        reject("a span cannot be parsed")
                        continue
                    if isinstance(span, str):
                        reject(span)
                    else:
                        yield span

    def _unseen(self, spans: Iterable[Span]) -> Iterator[Span]:
        seen = self._seen
        for span in spans:
            key = span.trace_id + span.span_id
            if key in seen:
                self._losses.add("ingest.spans_repeated")
                continue
            seen.add(key)
            yield span

    def _read_points(
        self, request: Any, wire_format: Format, reject: Callable[[str], None]
    ) -> Iterator[Point]:
        now_ns = self._clock.now_ns()
        attributes = self._readers[wire_format.media_type].attributes
        for resource_metrics in request.resource_metrics:
            writer = self._writer(resource_metrics.resource, wire_format)
            for scope_metrics in resource_metrics.scope_metrics:
                scoped = Writer(writer.application, f"{writer.identity} {scope_metrics.scope.name}")
                for encoded in scope_metrics.metrics:
                    try:
                        metric = wire_format.metric(encoded)
                    except DAMAGED:
                        reject("a metric cannot be parsed")
                        continue
                    yield from self._metrics.points(metric, attributes, scoped, now_ns, reject)

    def _read_logs(
        self, request: Any, wire_format: Format, reject: Callable[[str], None]
    ) -> Iterator[LogRecord]:
        now_ns = self._clock.now_ns()
        reader = self._readers[wire_format.media_type].logs
        for resource_logs in request.resource_logs:
            service = self._writer(resource_logs.resource, wire_format).application.service
            for scope_logs in resource_logs.scope_logs:
                for encoded in scope_logs.log_records:
                    try:
                        record = reader.record(wire_format.log(encoded), service, now_ns)
                    except DAMAGED:
                        reject("a log record cannot be parsed")
                        continue
                    if isinstance(record, str):
                        reject(record)
                    else:
                        yield record

    def _writer(self, resource: Any, wire_format: Format) -> Writer:
        attributes: dict[str, Scalar] = {}
        try:
            attributes = self._readers[wire_format.media_type].attributes.read(resource.attributes)
        except DAMAGED:
            self._losses.add("ingest.resources_unread")
        service = str(attributes.get("service.name") or UNKNOWN_SERVICE)
        release = str(attributes.get("service.version", ""))[:VALUE_CHARS]
        return Writer(Application(service, release), repr(sorted(attributes.items())))
