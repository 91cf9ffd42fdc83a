"""The span: one timed piece of work, and what is known of a call to a model within it.

The structs are encoded as arrays, without the names of their fields: a third less to write for each span.
So a new field goes to the end and has a default.
"""

import msgspec

Scalar = str | int | float | bool


class LlmCall(msgspec.Struct, frozen=True, array_like=True):
    """One call to a model. What the sender did not say is None, never 0.

    Tokens are counted once: `cached_tokens` and `cache_write_tokens` are parts of `input_tokens`,
    `reasoning_tokens` is a part of `output_tokens`. `cost_usd` is None where no price is known.
    """

    operation: str
    provider: str = ""
    model: str = ""
    request_model: str = ""
    input_tokens: int | None = None
    output_tokens: int | None = None
    cached_tokens: int | None = None
    cache_write_tokens: int | None = None
    reasoning_tokens: int | None = None
    first_token_ns: int | None = None
    streaming: bool = False
    cost_usd: float | None = None


class SpanEvent(msgspec.Struct, frozen=True, array_like=True):
    """Something that happened at a moment of a span."""

    time_ns: int
    name: str
    attributes: dict[str, Scalar] = {}


class Span(msgspec.Struct, frozen=True, array_like=True):
    """One timed piece of work.

    Ids are raw bytes (16 for the trace, 8 for the span); `parent_id` is empty for a root. `operation` is
    the low-cardinality name under which the work is measured. `error` is the error's type, empty if
    none, `release` that of the service, empty where it says none. Times are nanoseconds since the Unix
    epoch.
    """

    trace_id: bytes
    span_id: bytes
    parent_id: bytes
    name: str
    operation: str
    service: str
    kind: str
    start_ns: int
    duration_ns: int
    error: str = ""
    source: str = "homeostat"
    llm: LlmCall | None = None
    attributes: dict[str, Scalar] = {}
    events: tuple[SpanEvent, ...] = ()
    release: str = ""


class LogRecord(msgspec.Struct, frozen=True, array_like=True):
    """One log record; `body` is empty unless the capture of content was asked for."""

    time_ns: int
    service: str
    severity: str
    name: str
    body: str = ""
    trace_id: bytes = b""
    span_id: bytes = b""
    attributes: dict[str, Scalar] = {}
