"""The tracer: opens operations, measures them into the registry, hands out the traces that were kept."""

import random
from collections.abc import Callable, Mapping, MutableMapping
from contextvars import ContextVar
from threading import Lock

from homeostat.core.clock import SECOND_NS, Clock
from homeostat.core.losses import Losses
from homeostat.core.metric import Kind
from homeostat.core.span import Scalar, Span, SpanEvent
from homeostat.observe.operation import Operation, Site, scalars
from homeostat.observe.quota import Quota, TailPolicy
from homeostat.observe.registry import Registry
from homeostat.observe.tail import Tail
from homeostat.observe.trace_context import TraceContext, header, parse_traceparent

KEPT = "homeostat.kept"
"""Attribute of a kept tree's root: why it was kept."""


class Tracer:
    """Operations of one process under one service name.

    Nesting follows one context variable: asyncio tasks inherit it; a worker thread gets it by
    `contextvars.copy_context().run(function)`, else its operations are roots of their own.
    """

    def __init__(
        self,
        registry: Registry,
        losses: Losses,
        clock: Clock,
        service: str,
        *,
        tail: TailPolicy | None = None,
        rng: random.Random | None = None,
    ) -> None:
        self.service = service
        self.losses = losses
        self.current: ContextVar[Operation | None] = ContextVar("homeostat_operation", default=None)
        self.now = clock.monotonic_ns
        self._clock = clock
        self._registry = registry
        self._tail = Tail(losses, tail or TailPolicy(), rng or random.Random())  # noqa: S311 - a sample
        self.ended = self._tail.ended
        self._sites: dict[str, Site] = {}
        self._overflow: Quota | None = None
        self._lock = Lock()
        self._drained_ns = self.now()

    def operation(
        self, name: str, *, traceparent: TraceContext | str | None = None, **attributes: object
    ) -> Operation:
        """Open an operation: enter it with `with` or `async with`, or decorate a function with it.

        `traceparent` is the caller's header or context, where the work goes on from another process.
        """
        site = self._sites.get(name)
        if site is None:
            site = self._new_site(name)
        if traceparent is None and not attributes:
            return Operation(site)
        remote = self._parsed(traceparent) if isinstance(traceparent, str) else traceparent
        return Operation(site, scalars(attributes, self.losses) if attributes else None, remote)

    def drain(self) -> tuple[Span, ...]:
        """Return the spans kept since the last call. One thread at a time; best once a second."""
        now = self.now()
        elapsed_s = (now - self._drained_ns) / SECOND_NS
        self._drained_ns = now
        epoch_ns = self._clock.now_ns() - now
        spans: list[Span] = []
        for tree in self._tail.collect(elapsed_s):
            root = tree.root
            spans.append(self._span(root, epoch_ns, {KEPT: tree.reason}))
            spans.extend(self._span(child, epoch_ns, {}) for child in tree.spans)
        return tuple(spans)

    def inject(self, headers: MutableMapping[str, str]) -> None:
        """Put the position in the current trace into headers that go out; the trace will be kept."""
        operation = self.current.get()
        if operation is not None:
            context = operation.context()
            headers["traceparent"] = context.traceparent()
            if context.state:
                headers["tracestate"] = context.state

    def extract(self, headers: Mapping[str, str]) -> TraceContext | None:
        """Return the caller's position from headers that came in; None, counted, where they are broken."""
        parent = header(headers, "traceparent")
        return self._parsed(parent, header(headers, "tracestate")) if parent else None

    def _parsed(self, traceparent: str, tracestate: str = "") -> TraceContext | None:
        context = parse_traceparent(traceparent, tracestate)
        if context is None:
            self.losses.add("trace.bad_traceparent")
        return context

    def _new_site(self, name: str) -> Site:
        recorder = self._registry.recorder(
            "operation.duration", Kind.HISTOGRAM, "ms", {"operation": name, "service": self.service}
        )
        errors = ErrorCounters(self._registry, {"operation": name, "service": self.service})
        with self._lock:
            if recorder.key.get("overflow"):
                self._overflow = self._overflow or self._tail.quota(recorder)
                return Site(name, self, self._overflow, recorder.buffer.append, errors.add)
            site = self._sites.get(name)
            if site is None:
                site = Site(name, self, self._tail.quota(recorder), recorder.buffer.append, errors.add)
                self._sites[name] = site
            return site

    def _span(self, operation: Operation, epoch_ns: int, extra: dict[str, Scalar]) -> Span:
        operation.identify()
        root = operation.root or operation
        parent_id = b""
        if operation.remote is not None:
            parent_id = operation.remote.span_id
        elif operation.root is not None and operation.outer is not None:
            operation.outer.identify()
            parent_id = operation.outer.span_id
        return Span(
            trace_id=root.trace_id,
            span_id=operation.span_id,
            parent_id=parent_id,
            name=operation.site.name,
            operation=operation.site.name,
            service=self.service,
            kind="internal",
            start_ns=operation.start_ns + epoch_ns,
            duration_ns=operation.duration_ns,
            error=operation.error,
            attributes={**(operation.attributes or {}), **extra},
            events=tuple(
                SpanEvent(at_ns + epoch_ns, name, values) for at_ns, name, values in operation.events or []
            ),
        )


class ErrorCounters:
    """The counters of one operation's errors, one for each type of error."""

    def __init__(self, registry: Registry, attributes: dict[str, object]) -> None:
        self._registry = registry
        self._attributes = attributes
        self._counters: dict[str, Callable[[float], None]] = {}

    def add(self, error: str) -> None:
        """Count one error of a type."""
        add = self._counters.get(error)
        if add is None:
            recorder = self._registry.recorder(
                "operation.errors", Kind.COUNTER, "1", {**self._attributes, "error": error}
            )
            add = recorder.buffer.append
            if not recorder.key.get("overflow"):
                self._counters[error] = add
        add(1.0)
