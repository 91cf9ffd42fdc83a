"""The bridge to OpenTelemetry: operations and its spans are parents of one another.

It is used only where the process has imported OpenTelemetry's API itself; this module never imports it
first. Within an operation the current OpenTelemetry span is a stand-in, which draws the operation's ids
when somebody asks for them (a span started within, a header written), and so tells that the tree must
be kept. OpenTelemetry's context is put back as a whole, never detached by token, so that a generator
closed in another context does no harm.
"""

import sys
from functools import cache
from typing import Any, Protocol

from homeostat.observe.trace_context import SAMPLED, TraceContext

loaded_modules = sys.modules
API = "opentelemetry.trace"


class Bridged(Protocol):
    """What the bridge needs of an operation."""

    def context(self) -> TraceContext:
        """Return the operation's position in its trace, which will be kept."""
        ...


@cache
def _api() -> tuple[Any, Any, type[Any]]:
    """OpenTelemetry's `context` and `trace`, loaded already, and the class of our stand-ins."""
    from opentelemetry import context, trace

    class StandIn(trace.NonRecordingSpan):
        """The operation as OpenTelemetry sees it: ids and nothing else."""

        def __init__(self, operation: Bridged) -> None:
            self.operation = operation

        def get_span_context(self) -> trace.SpanContext:
            position = self.operation.context()
            return trace.SpanContext(
                trace_id=int.from_bytes(position.trace_id, "big"),
                span_id=int.from_bytes(position.span_id, "big"),
                is_remote=False,
                trace_flags=trace.TraceFlags(SAMPLED),
                trace_state=trace.TraceState.from_header([position.state]) if position.state else None,
            )

        def __repr__(self) -> str:
            return f"StandIn({self.operation!r})"

    return context, trace, StandIn


def position() -> Any:
    """Return OpenTelemetry's context, None where it is not loaded."""
    return _api()[0].get_current() if API in loaded_modules else None


def put(outside: Any) -> None:
    """Make a context that `position` returned the current one."""
    if outside is not None:
        _api()[0].attach(outside)


def current_operation() -> Any:
    """Return the operation that OpenTelemetry's current span stands for, None where it is a real span."""
    _, trace, stand_in = _api()
    span = trace.get_current_span()
    return span.operation if type(span) is stand_in else None


def enter(operation: Bridged) -> tuple[Any, TraceContext | None]:
    """Make the operation the current OpenTelemetry span.

    Returns the context from before, and the position of the span that was current in it; None where that
    was an operation or nothing.
    """
    context, trace, stand_in = _api()
    outside = context.get_current()
    span = trace.get_current_span(outside)
    context.attach(trace.set_span_in_context(stand_in(operation), outside))
    if span is trace.INVALID_SPAN or type(span) is stand_in:
        return outside, None
    foreign = span.get_span_context()
    if not foreign.is_valid:
        return outside, None
    return outside, TraceContext(
        foreign.trace_id.to_bytes(16, "big"),
        foreign.span_id.to_bytes(8, "big"),
        int(foreign.trace_flags) & SAMPLED,
        foreign.trace_state.to_header(),
    )
