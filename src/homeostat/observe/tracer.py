"""The tracer: opens operations, measures them into the registry, hands out the traces that were kept."""

import random
from collections.abc import Callable, Mapping, MutableMapping
from contextvars import ContextVar
from itertools import count
from threading import Lock

from homeostat.core.application import Application
from homeostat.core.clock import SECOND_NS, Clock
from homeostat.core.errors import ConfigError
from homeostat.core.guard import guarded
from homeostat.core.knob import Value
from homeostat.core.losses import Losses
from homeostat.core.metric import Kind
from homeostat.core.series import SeriesKey
from homeostat.core.span import Scalar, Span, SpanEvent
from homeostat.observe.in_flight import InFlight, value_of
from homeostat.observe.ingest.llm import provider_of
from homeostat.observe.llm import LlmOperation
from homeostat.observe.llm_meter import LlmMeter, Price
from homeostat.observe.operation import Operation, Site, scalars
from homeostat.observe.pricing import cost_usd
from homeostat.observe.quota import Quota, TailPolicy
from homeostat.observe.recorder import Recorder
from homeostat.observe.registry import Registry
from homeostat.observe.request_book import RequestBook
from homeostat.observe.request_operation import ArmOperation, AsideOperation, RequestOperation
from homeostat.observe.tail import Tail
from homeostat.observe.trace_context import TraceContext, header, parse_traceparent

KEPT = "homeostat.kept"
"""Attribute of a kept tree's root: why it was kept."""

LLM_SITES_MAX = 1_000
"""Models, by provider and operation, that have a quota of kept traces of their own; others share one."""


class EndedCalls:
    """How many calls to a model have ended; the meter records how long they took."""

    __slots__ = ("n",)

    def __init__(self) -> None:
        self.n = count()

    def record(self, _: float) -> None:
        """Count one."""
        next(self.n)


def _nowhere(_: object) -> None:
    """The duration and errors of a call to a model are the meter's to record, of work aside its own."""


class Tracer:
    """Operations of one process of an application.

    Nesting follows one context variable: asyncio tasks inherit it; a worker thread gets it by
    `contextvars.copy_context().run(function)`, else its operations are roots of their own.
    """

    def __init__(
        self,
        registry: Registry,
        losses: Losses,
        clock: Clock,
        application: Application,
        *,
        tail: TailPolicy | None = None,
        rng: random.Random | None = None,
        price: Price = cost_usd,
    ) -> None:
        self.application = application
        self._common: dict[str, object] = {**application.attributes}
        self.losses = losses
        self.current: ContextVar[Operation | None] = ContextVar("homeostat_operation", default=None)
        self.now = clock.monotonic_ns
        self._clock = clock
        self._registry = registry
        self._tail = Tail(losses, tail or TailPolicy(), rng or random.Random())  # noqa: S311 - a sample
        self.ended = self._tail.ended
        self._meter = LlmMeter(registry, losses, application, price)
        self.priced = self._meter.priced
        self.requests = RequestBook(self.now, losses, OutcomeSeries(registry, self._common).record)
        self._sites: dict[str, Site] = {}
        self._llm_sites: dict[tuple[str, str, str], Site] = {}
        self._overflow: Quota | None = None
        self._flows: list[tuple[InFlight, Callable[[float], None]]] = []
        self._uncounted = InFlight(lambda: 0)
        self._lock = Lock()
        self.drawing = Lock()
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

    def request(
        self,
        name: str,
        *,
        user: str | bytes | int | None = None,
        traceparent: TraceContext | str | None = None,
        **attributes: object,
    ) -> RequestOperation:
        """Open an operation that is a request, also where another operation is around it.

        In trials that keep to users, all requests of one user have the same values of knobs. The user is not
        recorded anywhere.
        """
        remote = self._parsed(traceparent) if isinstance(traceparent, str) else traceparent
        values = scalars(attributes, self.losses) if attributes else None
        return RequestOperation(self._site(name), values, remote, user)

    def arm(self, name: str, switch: str, trial: str, arm: int) -> ArmOperation:
        """Open one run of an implementation in a shadowed trial of a switch."""
        around = self.current.get()
        request = self.requests.idle if around is None else around.request
        return ArmOperation(self._site(name), switch, trial, arm, request)

    def aside(self, name: str) -> AsideOperation:
        """Open work beside the requests, in a thread of its own: it counts for no trial and no operation."""
        key = SeriesKey.of("operation.duration", Kind.HISTOGRAM, "ms", {"operation": name})
        with self._lock:
            quota = self._overflow = self._overflow or self._tail.quota(Recorder(key))
        return AsideOperation(Site(name, self, quota, _nowhere, _nowhere, self._uncounted))

    def shadow(self, switch: str) -> tuple[str, Value] | None:
        """Return the trial and the implementation of a switch that runs beside here, None where none does."""
        operation = self.current.get()
        return None if operation is None else operation.request.arms.shadows.get(switch)

    def within(self) -> Operation | None:
        """Return the innermost operation that has not ended here."""
        operation = self.current.get()
        return operation if operation is None or operation.alive else operation.living()

    def llm(
        self, model: str, provider: str = "", operation: str = "chat", **attributes: object
    ) -> LlmOperation:
        """Open a call to a model; `operation` is `chat`, `embeddings` or another of OpenTelemetry's names."""
        provider = provider_of(provider)
        site = self._llm_sites.get((operation, provider, model))
        if site is None:
            site = self._new_llm_site(operation, provider, model)
        values = scalars(attributes, self.losses) if attributes else None
        return LlmOperation(site, self._meter, model, provider, values)

    def drain(self) -> tuple[Span, ...]:
        """Return the spans kept since the last call, and record the calls to models that ended.

        One thread at a time, about once a second, and before `Registry.fold`, so that the cost of a call
        is counted in the interval in which it ended.
        """
        now = self.now()
        elapsed_s = (now - self._drained_ns) / SECOND_NS
        self._drained_ns = now
        epoch_ns = self._clock.now_ns() - now
        self._meter.settle(epoch_ns)
        self._settle_in_flight(elapsed_s)
        spans: list[Span] = []
        for tree in self._tail.collect(elapsed_s):
            with guarded(self.losses, "span"):
                spans.append(self._span(tree.root, epoch_ns, {KEPT: tree.reason}))
                spans.extend(self._span(child, epoch_ns, {}) for child in tree.spans)
        return tuple(spans)

    def forget_kept(self) -> None:
        """Drop what waits to be drained: in a forked child it is the parent's."""
        self._lock = Lock()
        self.drawing = Lock()
        self._tail.forget()
        self._meter.forget()
        for flow, _ in self._flows:
            flow.forget()
        self.requests.forget()

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

    def _site(self, name: str) -> Site:
        return self._sites.get(name) or self._new_site(name)

    def _new_site(self, name: str) -> Site:
        if not name or not isinstance(name, str):
            raise ConfigError(f"an operation's name must be a non-empty text such as 'answer', not {name!r}")
        attributes = {"operation": name, **self._common}
        recorder = self._registry.recorder("operation.duration", Kind.HISTOGRAM, "ms", attributes)
        errors = ErrorCounters(self._registry, attributes)
        with self._lock:
            if recorder.key.get("overflow"):
                self._overflow = self._overflow or self._tail.quota(recorder)
                return Site(name, self, self._overflow, recorder.buffer.append, errors.add, self._uncounted)
            site = self._sites.get(name)
            if site is None:
                flow = self._new_flow("operation.time_in_flight", attributes, recorder.seen)
                site = Site(name, self, self._tail.quota(recorder), recorder.buffer.append, errors.add, flow)
                self._sites[name] = site
            return site

    def _new_llm_site(self, operation: str, provider: str, model: str) -> Site:
        key = SeriesKey.of("llm.duration", Kind.HISTOGRAM, "ms", {"model": model, "operation": operation})
        with self._lock:
            if len(self._llm_sites) >= LLM_SITES_MAX:
                self._overflow = self._overflow or self._tail.quota(Recorder(key))
                return Site(operation, self, self._overflow, _nowhere, _nowhere, self._uncounted)
            attributes = {"model": model, "provider": provider, "operation": operation, **self._common}
            ended = EndedCalls()
            flow = self._new_flow("llm.time_in_flight", attributes, lambda: value_of(ended.n))
            site = Site(operation, self, self._tail.quota(Recorder(key)), ended.record, _nowhere, flow)
            return self._llm_sites.setdefault((operation, provider, model), site)

    def _new_flow(self, metric: str, attributes: dict[str, object], ended: Callable[[], int]) -> InFlight:
        flow = InFlight(ended)
        recorder = self._registry.recorder(metric, Kind.COUNTER, "ms", attributes)
        self._flows.append((flow, recorder.buffer.append))
        return flow

    def _settle_in_flight(self, elapsed_s: float) -> None:
        for flow, record in list(self._flows):
            in_flight = flow.now()
            if in_flight:
                record(in_flight * elapsed_s * 1e3)

    def _span(self, operation: Operation, epoch_ns: int, extra: dict[str, Scalar]) -> Span:
        operation.identify()
        name = operation.site.name
        start_ns = operation.start_ns + epoch_ns
        llm = operation.call() if isinstance(operation, LlmOperation) else None
        return Span(
            trace_id=(operation.root or operation).trace_id,
            span_id=operation.span_id,
            parent_id=operation.parent_id(),
            name=f"{name} {llm.request_model}" if llm else name,
            operation=name,
            service=self.application.service,
            kind="client" if llm else "internal",
            start_ns=start_ns,
            duration_ns=operation.duration_ns,
            error=operation.error,
            llm=self._meter.priced(llm, start_ns) if llm else None,
            attributes={**(operation.attributes or {}), **extra},
            events=tuple(
                SpanEvent(at_ns + epoch_ns, name, values) for at_ns, name, values in operation.events or []
            ),
            release=self.application.release,
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


class OutcomeSeries:
    """The series of what the application reports of its requests: `outcome.<measure>` by operation."""

    def __init__(self, registry: Registry, common: dict[str, object]) -> None:
        self._registry = registry
        self._common = common
        self._recorders: dict[tuple[str, str], Recorder] = {}

    def record(self, operation: str, measure: str, value: float) -> None:
        """Record one value."""
        recorder = self._recorders.get((operation, measure))
        if recorder is None:
            recorder = self._registry.recorder(
                f"outcome.{measure}", Kind.HISTOGRAM, "", {"operation": operation, **self._common}
            )
            if not recorder.key.get("overflow"):
                self._recorders[operation, measure] = recorder
        recorder.buffer.append(value)
