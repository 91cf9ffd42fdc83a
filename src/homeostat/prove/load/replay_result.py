"""The result of a replay: what was sent, what became of it, and how well the replay itself kept time."""

from collections import Counter
from dataclasses import dataclass, field

import msgspec

from homeostat.core.histogram import ExponentialHistogram
from homeostat.stats.sketch import count, merge, quantiles, sketch

FOLD_EVERY = 4_096


class Outcome(msgspec.Struct, frozen=True):
    """What became of one request. `error` is its type, empty if none; None is what was not told."""

    error: str = ""
    first_token_s: float | None = None
    input_tokens: int | None = None
    output_tokens: int | None = None
    cached_tokens: int | None = None


@dataclass(frozen=True, slots=True)
class Quantiles:
    """A distribution in six numbers, NaN where there is no value; quantiles within 0.55%."""

    count: int
    p50: float
    p90: float
    p95: float
    p99: float
    maximum: float


class Distribution:
    """Values folded into a sketch as they come: memory does not grow with their number."""

    def __init__(self) -> None:
        self._buffer: list[float] = []
        self._sketch: ExponentialHistogram = sketch(())
        self._maximum = float("nan")

    def add(self, value: float) -> None:
        """Take one finite value in."""
        self._buffer.append(value)
        if len(self._buffer) >= FOLD_EVERY:
            self._fold()

    def quantiles(self) -> Quantiles:
        """Return the distribution so far."""
        self._fold()
        p50, p90, p95, p99 = quantiles(self._sketch, (0.5, 0.9, 0.95, 0.99)).tolist()
        return Quantiles(count(self._sketch), p50, p90, p95, p99, self._maximum)

    def _fold(self) -> None:
        if self._buffer:
            self._sketch = merge((self._sketch, sketch(self._buffer)))
            highest = max(self._buffer)
            self._maximum = highest if not highest <= self._maximum else self._maximum
            self._buffer.clear()


@dataclass(frozen=True, slots=True)
class ReplayProgress:
    """How far a replay is. `trace_s` is the time of the last arrival sent."""

    sent: int
    completed: int
    failed: int
    dropped: int
    in_flight: int
    elapsed_s: float
    trace_s: float


@dataclass(frozen=True, slots=True)
class ReplayResult:
    """What a replay did: `sent == completed + sum(failed)`, and `dropped` were never sent.

    `latency_ms` and `first_token_ms` count from the moment at which a request was due, so that a
    replay that falls behind does not hide waiting (coordinated omission); `lateness_ms` is how far
    behind each was sent. `speed` is trace time over real time as it came out.
    """

    sent: int
    completed: int
    failed: dict[str, int]
    dropped: int
    elapsed_s: float
    trace_s: float
    speed: float
    throughput_per_s: float
    latency_ms: Quantiles
    first_token_ms: Quantiles
    lateness_ms: Quantiles
    input_tokens: int
    output_tokens: int
    cached_tokens: int


@dataclass(slots=True)
class ReplayTally:
    """The counts of a running replay."""

    sent: int = 0
    dropped: int = 0
    completed: int = 0
    trace_s: float = 0.0
    failed: Counter[str] = field(default_factory=Counter)
    latency_ms: Distribution = field(default_factory=Distribution)
    first_token_ms: Distribution = field(default_factory=Distribution)
    lateness_ms: Distribution = field(default_factory=Distribution)
    input_tokens: int = 0
    output_tokens: int = 0
    cached_tokens: int = 0

    def ended(self, outcome: Outcome, late_s: float, took_s: float) -> None:
        """Count what became of a request that was sent `late_s` behind and then `took_s`."""
        if outcome.error:
            self.failed[outcome.error] += 1
        else:
            self.completed += 1
            self.latency_ms.add((late_s + took_s) * 1e3)
        if outcome.first_token_s is not None:
            self.first_token_ms.add((late_s + outcome.first_token_s) * 1e3)
        self.input_tokens += outcome.input_tokens or 0
        self.output_tokens += outcome.output_tokens or 0
        self.cached_tokens += outcome.cached_tokens or 0

    def progress(self, elapsed_s: float) -> ReplayProgress:
        """Return how far the replay is."""
        failed = self.failed.total()
        in_flight = self.sent - self.completed - failed
        return ReplayProgress(
            self.sent, self.completed, failed, self.dropped, in_flight, elapsed_s, self.trace_s
        )

    def result(self, sending_s: float, elapsed_s: float) -> ReplayResult:
        """Return the result of a replay that sent for `sending_s` and ended after `elapsed_s`."""
        return ReplayResult(
            sent=self.sent,
            completed=self.completed,
            failed=dict(self.failed.most_common()),
            dropped=self.dropped,
            elapsed_s=elapsed_s,
            trace_s=self.trace_s,
            speed=self.trace_s / sending_s if sending_s > 0 else float("nan"),
            throughput_per_s=self.completed / elapsed_s if elapsed_s > 0 else float("nan"),
            latency_ms=self.latency_ms.quantiles(),
            first_token_ms=self.first_token_ms.quantiles(),
            lateness_ms=self.lateness_ms.quantiles(),
            input_tokens=self.input_tokens,
            output_tokens=self.output_tokens,
            cached_tokens=self.cached_tokens,
        )
