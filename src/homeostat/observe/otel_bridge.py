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
def _stand_in() -> Any:
    from opentelemetry import trace

    class StandIn(trace.NonRecordingSpan):
        """The operation as OpenTelemetry sees it: ids and nothing else."""

        def __init__(self, operation: Bridged) -> None:
            self.operation = operation

        def get_span_context(self) -> trace.SpanContext:
            context = self.operation.context()
            return trace.SpanContext(
                trace_id=int.from_bytes(context.trace_id, "big"),
                span_id=int.from_bytes(context.span_id, "big"),
                is_remote=False,
                trace_flags=trace.TraceFlags(SAMPLED),
                trace_state=trace.TraceState.from_header([context.state]) if context.state else None,
            )

        def __repr__(self) -> str:
            return f"StandIn({self.operation!r})"

    return StandIn


def position() -> Any:
    """Return OpenTelemetry's context, None where it is not loaded."""
    if API not in loaded_modules:
        return None
    from opentelemetry import context

    return context.get_current()


def put(outside: Any) -> None:
    """Make a context that `position` returned the current one."""
    if outside is not None:
        from opentelemetry import context

        context.attach(outside)


def current_operation() -> Any:
    """Return the operation that OpenTelemetry's current span stands for, None where it is a real span."""
    from opentelemetry import trace

    span = trace.get_current_span()
    return span.operation if isinstance(span, _stand_in()) else None


def foreign_parent() -> TraceContext | None:
    """Return the position of the current OpenTelemetry span, None where it is an operation or nothing."""
    from opentelemetry import trace

    span = trace.get_current_span()
    if isinstance(span, _stand_in()):
        return None
    context = span.get_span_context()
    if not context.is_valid:
        return None
    return TraceContext(
        context.trace_id.to_bytes(16, "big"),
        context.span_id.to_bytes(8, "big"),
        int(context.trace_flags) & SAMPLED,
        context.trace_state.to_header(),
    )


def enter(operation: Bridged) -> Any:
    """Make the operation the current OpenTelemetry span, and return what was current before."""
    from opentelemetry import context, trace

    outside = context.get_current()
    context.attach(trace.set_span_in_context(_stand_in()(operation), outside))
    return outside
