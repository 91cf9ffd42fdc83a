"""The intake: what the OTLP receiver took in and refused, as metrics of Homeostat's own."""

from homeostat.core.metric import Kind
from homeostat.observe.registry import Registry


class Intake:
    """Records each request of the receiver. Any thread may call."""

    def __init__(self, registry: Registry, service: str) -> None:
        own: dict[str, object] = {"service": service}
        self._registry = registry
        self._service = service
        self._spans = registry.recorder("homeostat.ingest.spans", Kind.COUNTER, "1", own).buffer.append
        self._bytes = registry.recorder("homeostat.ingest.bytes", Kind.COUNTER, "bytes", own).buffer.append
        self._ms = registry.recorder("homeostat.ingest.duration", Kind.HISTOGRAM, "ms", own).buffer.append

    def took(self, size_bytes: int, spans: int, duration_ns: int) -> None:
        """Record a request that was decoded: its size as it arrived, its spans, the time for decoding."""
        self._bytes(size_bytes)
        self._spans(spans)
        self._ms(duration_ns / 1e6)

    def refused(self, reason: str, items: int = 1) -> None:
        """Record items, or a whole request, that were refused."""
        attributes: dict[str, object] = {"reason": reason, "service": self._service}
        self._registry.recorder("homeostat.ingest.rejected", Kind.COUNTER, "1", attributes).buffer.append(
            items
        )
