"""The meter of calls to models: records what ended calls took into the registry's series.

Where a call ends it is only noted. Series are found and costs worked out when the meter is settled, once
an interval on the flusher's thread: the price list alone takes 150 ms to import.
"""

from collections import deque
from collections.abc import Callable
from typing import NamedTuple

import msgspec

from homeostat.core.application import Application
from homeostat.core.guard import guarded
from homeostat.core.losses import Losses
from homeostat.core.metric import Kind
from homeostat.core.span import LlmCall
from homeostat.observe.quota import Quota
from homeostat.observe.recorder import Recorder
from homeostat.observe.registry import Registry

NOTED_MAX = 100_000
"""Calls that wait to be settled; further ones are dropped and counted."""

Price = Callable[[LlmCall, int], float | None]

TOKEN_TYPES = ("input", "output", "cached", "cache_write", "reasoning")


class FinishedCall(NamedTuple):
    """A call that ended; `start_ns` is monotonic."""

    call: LlmCall
    start_ns: int
    duration_ns: int
    error: str
    quota: Quota


class CallSeries:
    """The series of one model, provider and operation, each made when it gets its first value."""

    def __init__(self, registry: Registry, attributes: dict[str, object]) -> None:
        self._registry = registry
        self._attributes = attributes
        self._recorders: dict[tuple[str, str], Recorder] = {}

    def recorder(self, metric: str, kind: Kind, unit: str, **more: str) -> Recorder:
        """Return one series."""
        place = (metric, next(iter(more.values()), ""))
        found = self._recorders.get(place)
        if found is None:
            found = self._registry.recorder(metric, kind, unit, {**self._attributes, **more})
            if not found.key.get("overflow"):
                self._recorders[place] = found
        return found

    def ms(self, metric: str, duration_ns: float) -> None:
        """Record a latency."""
        self.recorder(metric, Kind.HISTOGRAM, "ms").buffer.append(duration_ns / 1e6)

    def add(self, metric: str, unit: str, amount: float, **more: str) -> None:
        """Add to a counter."""
        self.recorder(metric, Kind.COUNTER, unit, **more).buffer.append(amount)


class LlmMeter:
    """Notes calls from any thread; settled by one."""

    def __init__(self, registry: Registry, losses: Losses, application: Application, price: Price) -> None:
        self._registry = registry
        self._losses = losses
        self._common = application.attributes
        self._price = price
        self._noted: deque[FinishedCall] = deque()
        self._series: dict[tuple[str, str, str], CallSeries] = {}

    def note(self, finished: FinishedCall) -> None:
        """Keep a call until it is settled."""
        if len(self._noted) < NOTED_MAX:
            self._noted.append(finished)
        else:
            self._losses.add("llm.calls_over_limit")

    def forget(self) -> None:
        """Drop the calls that wait: in a forked child they are the parent's."""
        self._noted.clear()

    def settle(self, epoch_ns: int) -> None:
        """Record all noted calls; `epoch_ns` is the wall time at which the monotonic clock was 0."""
        for _ in range(len(self._noted)):
            with guarded(self._losses, "llm_meter"):
                finished = self._noted.popleft()
                self._record(finished, self.priced(finished.call, finished.start_ns + epoch_ns))

    def priced(self, call: LlmCall, at_ns: int) -> LlmCall:
        """Return the call with its cost, if that was not said and can be known."""
        if call.cost_usd is not None:
            return call
        cost_usd: float | None = None
        with guarded(self._losses, "pricing"):
            cost_usd = self._price(call, at_ns)
        return call if cost_usd is None else msgspec.structs.replace(call, cost_usd=cost_usd)

    def _record(self, finished: FinishedCall, call: LlmCall) -> None:
        series = self._of(call)
        finished.quota.recorder = series.recorder("llm.duration", Kind.HISTOGRAM, "ms")
        series.ms("llm.duration", finished.duration_ns)
        if call.first_token_ns is not None:
            series.ms("llm.time_to_first_token", call.first_token_ns)
            if call.output_tokens is not None and call.output_tokens > 1:
                after_ns = finished.duration_ns - call.first_token_ns
                series.ms("llm.time_per_output_token", after_ns / (call.output_tokens - 1))
        counts = (
            call.input_tokens,
            call.output_tokens,
            call.cached_tokens,
            call.cache_write_tokens,
            call.reasoning_tokens,
        )
        for kind, count in zip(TOKEN_TYPES, counts, strict=True):
            if count is not None:
                series.add("llm.tokens", "tokens", count, type=kind)
        if call.cost_usd is not None:
            series.add("llm.cost", "USD", call.cost_usd)
        elif not finished.error:
            series.add("llm.calls_unpriced", "1", 1.0)
        if finished.error:
            series.add("llm.errors", "1", 1.0, error=finished.error)

    def _of(self, call: LlmCall) -> CallSeries:
        place = (call.model, call.provider, call.operation)
        found = self._series.get(place)
        if found is None:
            found = CallSeries(
                self._registry,
                {
                    "model": call.model,
                    "provider": call.provider,
                    "operation": call.operation,
                    **self._common,
                },
            )
            if not found.recorder("llm.duration", Kind.HISTOGRAM, "ms").key.get("overflow"):
                self._series[place] = found
        return found
