"""The load meter: records what the load of a replay experiences, as the catalogue's `load.*` metrics."""

from collections.abc import Callable
from typing import Protocol

Record = Callable[[float], None]


class RecordHandle(Protocol):
    """A handle for values whose distribution matters."""

    @property
    def record(self) -> Record:
        """Take a value."""
        ...


class AddHandle(Protocol):
    """A handle for increments."""

    @property
    def add(self) -> Record:
        """Take an increment."""
        ...


class SetHandle(Protocol):
    """A handle for a level."""

    @property
    def set(self) -> Record:
        """Take a level."""
        ...


class Instruments(Protocol):
    """Gives handles by name: a `homeostat.Homeostat`."""

    def histogram(self, metric: str, unit: str = "", **attributes: object) -> RecordHandle:
        """Return the handle of a histogram."""
        ...

    def counter(self, metric: str, unit: str = "", **attributes: object) -> AddHandle:
        """Return the handle of a counter."""
        ...

    def gauge(self, metric: str, unit: str = "", **attributes: object) -> SetHandle:
        """Return the handle of a gauge."""
        ...


class LoadMeter:
    """Records requests as they are sent and answered."""

    def __init__(self, instruments: Instruments) -> None:
        self._instruments = instruments
        self._duration = instruments.histogram("load.duration", "ms").record
        self._lateness = instruments.histogram("load.lateness", "ms").record
        self._requests = instruments.counter("load.requests", "1").add
        self._in_flight = instruments.gauge("load.in_flight", "1").set
        self._errors: dict[str, Record] = {}

    def sent(self, lateness_ms: float, in_flight: int) -> None:
        """Record a request that was sent so much later than due."""
        self._requests(1.0)
        self._lateness(lateness_ms)
        self._in_flight(in_flight)

    def ended(self, duration_ms: float, error: str, in_flight: int) -> None:
        """Record a request that ended so long after it was due; `error` is empty or its type."""
        self._duration(duration_ms)
        self._in_flight(in_flight)
        if error:
            if error not in self._errors:
                self._errors[error] = self._instruments.counter("load.errors", "1", error=error).add
            self._errors[error](1.0)
