"""The runner: the thread that asks all collectors, records what they say, and measures what they cost."""

import threading
import time
from collections.abc import Callable, Mapping, Sequence
from types import TracebackType

from homeostat.core.clock import SECOND_NS, Clock
from homeostat.core.errors import ConfigError
from homeostat.core.guard import guarded
from homeostat.core.losses import Losses
from homeostat.core.series import Attributes
from homeostat.observe.catalogue import COLLECTORS, Catalogue
from homeostat.observe.collectors.collector import Collector, Measured, Reading, State, Unavailable, Waiting
from homeostat.observe.registry import Registry

COST = "homeostat.collector.duration"

ROUNDS_SKIPPED_MAX = 60
"""A collector that keeps failing is tried at least this often."""


class _Failure:
    """Notes the exception that passes through, without stopping it."""

    error: BaseException | None = None

    def __enter__(self) -> "_Failure":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.error = error


class _Entry:
    """One collector in the runner: its last readings, and how it fails."""

    __slots__ = ("collector", "failed", "failures", "skip")

    def __init__(self, collector: Collector) -> None:
        self.collector = collector
        self.failures = 0
        self.skip = 0
        self.failed: str | None = None


class Collectors:
    """Asks each collector once an interval and records into a registry.

    A collector that fails is counted in the losses as `internal_error.collector.NAME`, its metrics are
    unavailable with the error as the reason, and it is tried again after 1, 2, 4 ... 60 rounds. Every
    reading carries `attributes` (the service); those of the reading go before them.
    """

    def __init__(
        self,
        collectors: Sequence[Collector],
        registry: Registry,
        losses: Losses,
        catalogue: Catalogue,
        clock: Clock,
        attributes: Mapping[str, str],
        interval_s: float = 1.0,
    ) -> None:
        if not 0.05 <= interval_s <= 3600.0:
            raise ConfigError(
                f"the collectors' interval must lie between 0.05 s and an hour, not {interval_s!r}"
            )
        names = [c.name for c in collectors]
        if len(set(names)) < len(names):
            raise ConfigError(f"each collector needs a name of its own, not {', '.join(sorted(names))}")
        self._entries = [_Entry(c) for c in collectors]
        self._registry = registry
        self._losses = losses
        self._catalogue = catalogue
        self._clock = clock
        self._attributes = dict(attributes)
        self._interval_ns = int(interval_s * SECOND_NS)
        self._series: dict[tuple[str, Attributes], Callable[[float], None]] = {}
        self._lock = threading.Lock()
        self._values: dict[str, dict[Attributes, float]] = {}
        self._at_ns: dict[str, int] = {}
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Begin to ask, in a thread of its own, at once and then once an interval."""
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name="homeostat-collect", daemon=True)
            self._thread.start()

    def _run(self) -> None:
        due_ns = self._clock.monotonic_ns()
        while True:
            self.collect()
            due_ns = max(due_ns + self._interval_ns, self._clock.monotonic_ns())
            if self._stop.wait((due_ns - self._clock.monotonic_ns()) / SECOND_NS):
                return

    def collect(self) -> None:
        """Ask every collector once. Only one thread at a time may call this."""
        for entry in self._entries:
            if entry.skip > 0:
                entry.skip -= 1
                continue
            name = entry.collector.name
            began_ns = time.thread_time_ns()
            failure = _Failure()
            with guarded(self._losses, f"collector.{name}"), failure:
                for reading in entry.collector.collect(self._clock.monotonic_ns()):
                    self._record(reading)
            self._note(entry, failure.error)
            self._record(Reading(COST, (time.thread_time_ns() - began_ns) / 1e6, (("collector", name),)))

    def _note(self, entry: _Entry, error: BaseException | None) -> None:
        if error is None:
            entry.failures, entry.failed = 0, None
            return
        entry.failed = f"its collector failed: {type(error).__name__}: {error}"
        entry.skip = min(2**entry.failures, ROUNDS_SKIPPED_MAX)
        entry.failures = min(entry.failures + 1, 10)

    def _record(self, reading: Reading) -> None:
        record = self._series.get((reading.metric, reading.attributes))
        if record is None:
            record = self._resolve(reading)
        record(reading.value)
        with self._lock:
            self._values.setdefault(reading.metric, {})[reading.attributes] = reading.value
            self._at_ns[reading.metric] = self._clock.now_ns()

    def _resolve(self, reading: Reading) -> Callable[[float], None]:
        metric = self._catalogue.get(reading.metric)
        if metric is None:
            raise ConfigError(f"a collector reads {reading.metric!r}, which is not in the metric catalogue")
        attributes: dict[str, object] = {**self._attributes, **dict(reading.attributes)}
        recorder = self._registry.recorder(metric.name, metric.kind, metric.unit, attributes)
        record = self._series[reading.metric, reading.attributes] = recorder.buffer.append
        return record

    def state(self) -> dict[str, State]:
        """Return for each metric that collectors give whether it is measured here, or why not (yet)."""
        entries = {entry.collector.name: entry for entry in self._entries}
        with self._lock:
            measured = {m: Measured(dict(v), self._at_ns[m]) for m, v in self._values.items()}
        states: dict[str, State] = {}
        for metric in self._catalogue.values():
            if metric.collector == "collectors":
                states[metric.name] = measured.get(metric.name, Waiting("its first round"))
            if metric.collector not in COLLECTORS:
                continue
            entry = entries.get(metric.collector)
            if entry is None:
                states[metric.name] = Unavailable(f"the collector {metric.collector!r} does not run here")
                continue
            states[metric.name] = self._state(entry, metric.name, measured)
        return states

    def not_available(self) -> dict[str, str]:
        """Return the reason for each metric that is not measured here."""
        return {m: state.reason for m, state in self.state().items() if isinstance(state, Unavailable)}

    def _state(self, entry: _Entry, metric: str, measured: Mapping[str, Measured]) -> State:
        reason = entry.failed or entry.collector.unavailable().get(metric)
        if reason is not None:
            return Unavailable(reason)
        found = measured.get(metric)
        return found or Waiting(entry.collector.waits_for.get(metric, "its second round"))

    def close(self, timeout_s: float = 2.0) -> None:
        """End the thread and close the collectors."""
        self._stop.set()
        if self._thread is not None:
            self._thread.join(timeout_s)
        self.abandon()

    def abandon(self) -> None:
        """Close the collectors only: in a forked child their thread, which may have held a lock, is gone."""
        for entry in self._entries:
            with guarded(self._losses, f"collector.{entry.collector.name}"):
                entry.collector.close()
