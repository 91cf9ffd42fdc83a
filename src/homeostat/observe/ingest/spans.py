"""Spans: one span of the wire, checked and normalised."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from msgspec.structs import force_setattr

from homeostat.core.application import Application
from homeostat.core.losses import Losses
from homeostat.core.span import LlmCall, Scalar, Span, SpanEvent
from homeostat.observe.ingest.attributes import AttributeReader, bounded, drop_parameters
from homeostat.observe.ingest.limits import Limits
from homeostat.observe.ingest.llm import llm_call
from homeostat.observe.ingest.names import (
    AGENT_NAME,
    ERROR_TYPE,
    EXCEPTION_TYPE,
    HTTP_METHOD,
    HTTP_ROUTE,
    MCP_METHOD,
    OPERATION,
    TOOL_NAME,
)

KINDS = ("unspecified", "internal", "server", "client", "producer", "consumer")
STATUS_OK, STATUS_ERROR = 1, 2
NO_TRACE_ID, NO_SPAN_ID = bytes(16), bytes(8)

Price = Callable[[LlmCall, int], float | None]


def last_name(name: str) -> str:
    """Return a type's name without its module, since instrumentations differ in giving it.

    >>> last_name("openai.RateLimitError"), last_name("503"), last_name("a, b. c!")
    ('RateLimitError', '503', 'a, b. c!')
    """
    last = name.rpartition(".")[2]
    return last if last.isidentifier() else name


def error_of(code: int, attributes: Mapping[str, Scalar], events: Sequence[SpanEvent]) -> str:
    """Return the type of a span's error, empty for none.

    A sender that sets `error.type` and forgets the status (some MCP servers do) still reports an error.
    """
    name = attributes.get(ERROR_TYPE)
    if code != STATUS_ERROR and (name is None or code == STATUS_OK):
        return ""
    if name is None:
        name = next((t for e in events if (t := e.attributes.get(EXCEPTION_TYPE))), "error")
    return last_name(str(name)) or "error"


def operation_of(name: str, kind: int, attributes: Mapping[str, Scalar]) -> str:
    """Return the low-cardinality name of a span that is no call to a model."""
    get = attributes.get
    said = get(OPERATION[0])
    tool = get(TOOL_NAME[0]) or get(TOOL_NAME[1])
    method = get(MCP_METHOD)
    if method is not None:
        return f"{method} {tool}" if tool and kind != 3 else name
    if said is not None:
        what = tool or get(AGENT_NAME)
        return f"{said} {what}" if what else str(said)
    route = get(HTTP_ROUTE)
    if route is not None:
        verb = get(HTTP_METHOD[0]) or get(HTTP_METHOD[1])
        return f"{verb} {route}" if verb else str(route)
    return name


class SpanReader:
    """Turns the span messages of one wire format into spans."""

    def __init__(
        self,
        attributes: AttributeReader,
        losses: Losses,
        limits: Limits,
        capture_content: bool,
        price: Price,
    ) -> None:
        self._read = attributes.read
        self._read_with_parameters = attributes.read_with_parameters
        self._losses = losses
        self._limits = limits
        self._capture_content = capture_content
        self._price = price

    def span(self, message: Any, application: Application, source: str, now_ns: int) -> Span | str:
        """Return the span, or why it is rejected. Raises what the decoder raises for damaged bytes."""
        trace_id, span_id, parent_id = message.trace_id, message.span_id, message.parent_span_id
        if len(trace_id) != 16 or trace_id == NO_TRACE_ID:
            return "a trace id must be 16 bytes that are not all zero"
        if len(span_id) != 8 or span_id == NO_SPAN_ID:
            return "a span id must be 8 bytes that are not all zero"
        if parent_id and (len(parent_id) != 8 or parent_id == NO_SPAN_ID):
            if parent_id.strip(b"\0"):
                return "a parent's span id must be 8 bytes"
            parent_id = b""
        start_ns, end_ns = message.start_time_unix_nano, message.end_time_unix_nano
        duration_ns = end_ns - start_ns
        if duration_ns < 0:
            return "a span ends before it starts"
        if start_ns < now_ns - self._limits.age_ns or end_ns > now_ns + self._limits.ahead_ns:
            return "a span's time is too far from this machine's clock"
        attributes = self._read_with_parameters(message.attributes)
        events = self._events(message.events) if message.events else ()
        llm = llm_call(attributes, events, start_ns, duration_ns)
        kind = message.kind
        name = message.name[: self._limits.name_chars]
        status = message.status
        if llm is None:
            operation = operation_of(name, kind, attributes)[: self._limits.name_chars]
        else:
            operation = llm.operation
            if llm.cost_usd is None:
                cost_usd = self._price(llm, start_ns)
                if cost_usd is not None:
                    force_setattr(llm, "cost_usd", cost_usd)  # made just now, seen by nobody else
        error = error_of(status.code, attributes, events)
        if self._capture_content:
            if status.message:
                attributes["status.message"] = status.message[: self._limits.value_chars]
        else:
            drop_parameters(attributes)
        return Span(
            trace_id=trace_id,
            span_id=span_id,
            parent_id=parent_id,
            name=name,
            operation=operation,
            service=application.service,
            kind=KINDS[kind] if 0 <= kind < 6 else KINDS[0],
            start_ns=start_ns,
            duration_ns=duration_ns,
            error=error,
            source=source,
            llm=llm,
            attributes=attributes,
            events=events,
            release=application.release,
        )

    def _events(self, messages: Sequence[Any]) -> tuple[SpanEvent, ...]:
        limits = self._limits
        kept = bounded(messages, limits.events, self._losses, "ingest.events_cut")
        return tuple(
            SpanEvent(e.time_unix_nano, e.name[: limits.name_chars], self._read(e.attributes)) for e in kept
        )
