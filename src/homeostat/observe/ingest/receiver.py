"""The receiver: bodies of OTLP requests become batches."""

import threading
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from homeostat.core.batch import Batch
from homeostat.core.clock import Clock
from homeostat.core.losses import Losses
from homeostat.core.span import Span
from homeostat.observe.ingest.attributes import AttributeReader
from homeostat.observe.ingest.derive import Deriver
from homeostat.observe.ingest.formats import DAMAGED, FORMATS, Format, format_of
from homeostat.observe.ingest.limits import Limits
from homeostat.observe.ingest.nesting import Nesting
from homeostat.observe.ingest.recent import Recent
from homeostat.observe.ingest.spans import Price, SpanReader
from homeostat.observe.pricing import cost_usd

UNKNOWN_SERVICE = "unknown_service"
OWN_SCOPE = "homeostat"
"""The instrumentation scope of Homeostat's own exporter: it sends its metrics itself, so its spans are not
measured again."""


@dataclass(frozen=True, slots=True)
class Received:
    """What became of one request: what to write, and how many of its items were rejected, and why."""

    batch: Batch
    rejected: int = 0
    reason: str = ""


class _Rejections:
    """Counts what is rejected of one request."""

    def __init__(self) -> None:
        self._reasons: Counter[str] = Counter()

    def add(self, reason: str, n: int = 1) -> None:
        self._reasons[reason] += n

    def received(self, batch: Batch, losses: Losses, signal: str) -> Received:
        total = self._reasons.total()
        if total:
            losses.add(f"ingest.{signal}_rejected", total)
        reason = "; ".join(f"{n} rejected: {r}" for r, n in self._reasons.most_common(3))
        return Received(batch, total, reason)


class Receiver:
    """Takes in OTLP. Any thread may call; parsing runs in parallel, what is remembered is behind a lock.

    What it has returned counts as taken in: a span that comes again is not measured again, and a
    cumulative counter goes on from its last value. So make sure that there is room for a batch before
    you ask for it.
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
        self._limits = limits
        self._lock = threading.Lock()
        self._attributes = {
            id(f): AttributeReader(f.attribute, losses, limits, capture_content) for f in FORMATS.values()
        }
        self._spans = {
            key: SpanReader(reader, losses, limits, capture_content, price)
            for key, reader in self._attributes.items()
        }
        self._seen = Recent(limits.remembered_spans)
        self._nesting = Nesting(limits.remembered_spans)
        self._deriver = Deriver(losses, limits.series)

    def traces(self, body: bytes, media_type: str) -> Received:
        """Take in an ExportTraceServiceRequest. Raises InputError where nothing of it can be read."""
        wire_format = format_of(media_type)
        request = wire_format.request("traces", body)
        rejections = _Rejections()
        spans = list(self._read_spans(request, wire_format, rejections))
        with self._lock:
            fresh = self._nesting.innermost(list(self._unseen(spans)))
            points = self._deriver.points(s for s in fresh if s.source != OWN_SCOPE)
        return rejections.received(Batch(points=points, spans=tuple(fresh)), self._losses, "spans")

    def _read_spans(self, request: Any, wire_format: Format, rejections: _Rejections) -> Iterator[Span]:
        now_ns = self._clock.now_ns()
        read = self._spans[id(wire_format)].span
        parse = wire_format.span
        for resource_spans in request.resource_spans:
            service = self._service(resource_spans.resource, wire_format)
            for scope_spans in resource_spans.scope_spans:
                source = scope_spans.scope.name or "otlp"
                for encoded in scope_spans.spans:
                    try:
                        span = read(parse(encoded), service, source, now_ns)
                    except DAMAGED:
                        rejections.add("a span cannot be parsed")
                        continue
                    if isinstance(span, str):
                        rejections.add(span)
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

    def _service(self, resource: Any, wire_format: Format) -> str:
        try:
            attributes = self._attributes[id(wire_format)].read(resource.attributes)
        except DAMAGED:
            return UNKNOWN_SERVICE
        return str(attributes.get("service.name") or UNKNOWN_SERVICE)
