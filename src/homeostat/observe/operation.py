"""The operation: one timed piece of work, live.

Its duration is recorded when it ends; the tree of spans that hangs on its root is kept or let go then,
by `homeostat.observe.tail`. What nobody will read is never made: ids are drawn and spans are built
only for trees that are kept or whose context leaves the process.

Fields that several threads share are read and written without a call between, so that under the
interpreter's lock no other thread gets in; ids, which need a call, are drawn under a lock.
"""

import os
import threading
from collections.abc import Callable
from contextvars import ContextVar
from itertools import islice
from types import TracebackType
from typing import Protocol, Self, TypeVar

from homeostat.core.guard import guarded
from homeostat.core.losses import Losses
from homeostat.core.span import Scalar
from homeostat.observe import otel_bridge
from homeostat.observe.in_flight import InFlight
from homeostat.observe.quota import Quota
from homeostat.observe.request import Request
from homeostat.observe.request_book import RequestBook
from homeostat.observe.trace_context import TraceContext
from homeostat.observe.traced import traced

ATTRIBUTES_MAX = 128
"""Attributes, and events, of one span; further ones are dropped and counted."""

TEXT_MAX = 4_096
"""Characters of one attribute's value."""

SPANS_MAX = 500
"""Finished spans that one live tree holds. What ends later is dropped and counted; what begins later is
a tree of its own in the same trace."""

NEW, LIVE, DONE = 0, 1, 2

ABANDONED = "homeostat.abandoned"

Event = tuple[int, str, dict[str, Scalar]]
Function = TypeVar("Function", bound=Callable[..., object])


class Host(Protocol):
    """What an operation needs of the tracer that opened it."""

    current: "ContextVar[Operation | None]"
    now: Callable[[], int]
    losses: Losses
    drawing: threading.Lock
    requests: RequestBook

    def operation(self, name: str, *, traceparent: TraceContext | str | None = None) -> "Operation":
        """Open an operation of the same tracer."""
        ...

    def ended(self, operation: "Operation") -> None:
        """Take over a tree whose root ended, or a span that ended after its root."""
        ...


class Site:
    """What all operations of one name share: handles of their series, and what decides about their trees."""

    __slots__ = (
        "begin",
        "count_error",
        "current",
        "host",
        "idle",
        "name",
        "now",
        "quota",
        "record",
        "requests",
    )

    def __init__(
        self,
        name: str,
        host: Host,
        quota: Quota,
        record: Callable[[float], None],
        count_error: Callable[[str], None],
        in_flight: InFlight,
    ) -> None:
        self.name = name
        self.begin = in_flight.begin
        self.quota = quota
        self.host = host
        self.record = record
        self.count_error = count_error
        self.current = host.current
        self.now = host.now
        self.requests = host.requests
        self.idle = host.requests.idle


class Operation:
    """A timed piece of work: a context manager (`with`, `async with`) or a decorator.

    One object may be entered again while it is live, also in another thread: each entry is an operation
    of its own. Exceptions pass through unchanged.
    """

    __slots__ = (
        "_entries",
        "_state",
        "_template",
        "attributes",
        "bridge",
        "duration_ns",
        "ended_ns",
        "error",
        "events",
        "foreign",
        "full",
        "kept",
        "outer",
        "remote",
        "request",
        "root",
        "site",
        "span_id",
        "spans",
        "start_ns",
        "trace_id",
        "tree_failed",
        "tree_left",
    )

    def __init__(
        self, site: Site, attributes: dict[str, Scalar] | None = None, remote: TraceContext | None = None
    ) -> None:
        self.site = site
        self.request: Request = site.idle
        self.attributes = attributes
        self.remote = remote
        self.outer: Operation | None = None
        self.root: Operation | None = None
        self.error = ""
        self.events: list[Event] | None = None
        self.spans: list[Operation] | None = None
        self.span_id = b""
        self.trace_id = b""
        self.tree_failed = False
        self.tree_left = False
        self.kept = False
        self.full = False
        self.ended_ns = 0
        self.foreign: TraceContext | None = None
        self.bridge: object = None
        self._entries = 0
        self._state = NEW
        self._template: Operation | None = None

    def __enter__(self) -> Self:
        if self._state:
            return self._enter_again()
        self._state = LIVE
        site = self.site
        current = site.current
        outer = current.get()
        if outer is not None:
            self._join(outer)
        elif site.requests.governed:
            self._begin_request()
        if otel_bridge.API in otel_bridge.loaded_modules:
            self._bridge()
        current.set(self)
        site.begin()
        self.start_ns = site.now()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        site = self.site
        end_ns = self.ended_ns or site.now()
        if self._entries:
            again = self._entered_again()
            if again is not None:
                return again.__exit__(kind, error, traceback)
        self.duration_ns = end_ns - self.start_ns
        site.record(self.duration_ns / 1e6)
        if kind is not None:
            self._raised(kind)
        if self.error:
            self._failed()
        self._state = DONE
        current = site.current
        if current.get() is self:
            outer = self.outer
            current.set(outer if outer is None or outer._state is LIVE else outer.living())
            if self.request is not site.idle:
                site.requests.go_back(current.get())
        if self.bridge is not None:
            self._unbridge()
        root = self.root
        if root is None or root._state is DONE:
            if self.request is not site.idle:
                self._end_request()
            site.host.ended(self)
            return None
        spans = root.spans
        if spans is None:
            spans = root.spans = []
        if root.full:
            site.host.losses.add("trace.tree_full")
        else:
            spans.append(self)
            root.full = len(spans) >= SPANS_MAX
        return None

    async def __aenter__(self) -> Self:
        return self.__enter__()

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.__exit__(kind, error, traceback)

    def __call__(self, function: Function) -> Function:
        """Time every call of a function, a coroutine function, a generator or an async generator."""
        return traced(function, self._copy, self.site.current, self.site.requests.arms)

    def set(self, **attributes: object) -> None:
        """Set attributes of the span. They are seen on kept traces, not in the series."""
        losses = self.site.host.losses
        self.attributes = scalars({**(self.attributes or {}), **attributes}, losses)

    def event(self, name: str, **attributes: object) -> None:
        """Note that something happened now."""
        events = self.events
        if events is None:
            events = self.events = []
        if len(events) < ATTRIBUTES_MAX:
            events.append((self.site.now(), name, scalars(attributes, self.site.host.losses)))
        else:
            self.site.host.losses.add("trace.events_over_limit")

    def fail(self, error: str | BaseException) -> None:
        """Count the operation as failed, by the type of its error, although nothing is raised."""
        self.error = (error if isinstance(error, str) else type(error).__name__) or "error"

    def outcome(self, **measures: float) -> None:
        """Say what the request came to: `outcome(quality=0.93)`.

        It counts for the trials that the request takes part in, and is recorded as `outcome.quality`. A name
        that is measured anyway (`cost`, `tokens`, `errors`) replaces what was measured. What is no finite
        number is dropped and counted.
        """
        self.site.requests.report(self.request, self._request_name(), measures)

    @property
    def request_id(self) -> str:
        """The id of the whole request, by which something can be said of it later (`Homeostat.feedback`).

        It is that of its trace and first span. Only requests that were asked for it are remembered.
        """
        request = self.request
        if request.id:
            return request.id
        first = self
        while first.outer is not None and first.outer.request is request:
            first = first.outer
        first.identify()
        request_id = f"{(first.root or first).trace_id.hex()}-{first.span_id.hex()}"
        self.site.requests.remember(request, self._request_name(), request_id)
        return request_id

    def stage(self, name: str) -> "Operation":
        """Open a part of this operation, measured as `<operation>.<name>`."""
        return self.site.host.operation(f"{self.site.name}.{name}")

    def context(self) -> TraceContext:
        """Return the position in the trace, to be handed to other processes: the tree will be kept."""
        root = self.root or self
        root.tree_left = True
        self.identify()
        link = root.link
        return TraceContext(root.trace_id, self.span_id, state=link.state if link else "")

    def identify(self) -> None:
        """Draw the ids that were not needed so far, of this span and of its trace."""
        root = self.root or self
        with self.site.host.drawing:
            if not root.trace_id:
                root.trace_id = root.link.trace_id if root.link else os.urandom(16)
            if not self.span_id:
                self.span_id = os.urandom(8)

    def parent_id(self) -> bytes:
        """Return the id of the span around this one; empty for the root of a trace."""
        if self.link is not None:
            return self.link.span_id
        if self.root is None or self.outer is None:
            return b""
        self.outer.identify()
        return self.outer.span_id

    @property
    def link(self) -> TraceContext | None:
        """The parent outside of this tracer: in another process, or a span of OpenTelemetry."""
        return self.remote or self.foreign

    def _begin_request(self) -> None:
        self.request = self.site.requests.enter(self.site.name)

    def _end_request(self) -> None:
        if self.outer is None and self.request.live:
            self.site.requests.ended(self.request, self)

    def _request_name(self) -> str:
        return self.request.name or (self.root or self).site.name

    def _copy(self) -> "Operation":
        return type(self)(self.site, dict(self.attributes) if self.attributes else None, self.remote)

    def _join(self, outer: "Operation") -> None:
        living = outer if outer._state is LIVE else outer.living()
        self.outer = living
        if living is None:
            if self.site.requests.governed:
                self._begin_request()
            return
        self.request = living.request
        if self.remote is None:
            root = living.root or living
            if root.full:
                self._begin_subtree(living, root)
            else:
                self.root = root

    def _begin_subtree(self, outer: "Operation", root: "Operation") -> None:
        """Go on in the same trace with a tree that is decided about by itself.

        So the requests that a process serves within one long operation are still sampled one by one. The
        long operation's own tree will be kept, since they name it as their parent.
        """
        root.tree_left = True
        outer.identify()
        link = root.link
        self.foreign = TraceContext(root.trace_id, outer.span_id, flags=0, state=link.state if link else "")

    def _bridge(self) -> None:
        with guarded(self.site.host.losses, "otel_bridge"):
            self.bridge, foreign = otel_bridge.enter(self)
            if self.remote is None and foreign is not None:
                self.foreign = foreign
                if self.root is not None and self.root.trace_id != foreign.trace_id:
                    self.root = None

    def _unbridge(self) -> None:
        with guarded(self.site.host.losses, "otel_bridge"):
            if otel_bridge.current_operation() is self:
                otel_bridge.put(self.bridge)

    @property
    def alive(self) -> bool:
        """Whether it was entered and has not ended."""
        return self._state == LIVE

    def living(self) -> "Operation | None":
        """Return the innermost operation around this one that has not ended."""
        outer = self.outer
        while outer is not None and outer._state is DONE:
            outer = outer.outer
        return outer

    def _enter_again(self) -> Self:
        self._entries += 1
        again = self._copy()
        again._template = self
        again.__enter__()
        return again  # type: ignore[return-value]

    def _entered_again(self) -> "Operation | None":
        """The innermost further entry of this object that is live in this context."""
        operation = self.site.current.get()
        while operation is not None and not (operation._template is self and operation._state is LIVE):
            operation = operation.outer
        return operation

    def _raised(self, kind: type[BaseException]) -> None:
        if kind is GeneratorExit:
            self.set(**{ABANDONED: True})
        else:
            self.error = kind.__name__

    def _failed(self) -> None:
        (self.root or self).tree_failed = True
        self.site.count_error(self.error)


def scalars(values: dict[str, object], losses: Losses) -> dict[str, Scalar]:
    """Return what a span can carry: numbers as they are, anything else as bounded text."""
    kept: dict[str, Scalar] = {}
    for name, value in values.items():
        if isinstance(value, bool | int | float):
            kept[name] = value
        else:
            with guarded(losses, "attribute"):
                kept[name] = str(value)[:TEXT_MAX]
    if len(kept) > ATTRIBUTES_MAX:
        losses.add("trace.attributes_over_limit", len(kept) - ATTRIBUTES_MAX)
        kept = dict(islice(kept.items(), ATTRIBUTES_MAX))
    return kept
