"""The meter: what a bus comes to, as metrics. No key and no field of an event is among them."""

from collections.abc import Sequence

from homeostat.observe.recorder import Counter, Histogram
from homeostat.runtime.bus.record import Lag
from homeostat.runtime.host import Host


class Meter:
    """Records what is published, delivered and waiting."""

    def __init__(self, host: Host, name: str) -> None:
        self._host = host
        self._bus = name
        self._published: dict[str, Counter] = {}
        self._subscribers: dict[str, SubscriberMeter] = {}
        self.publishing = host.histogram("bus.publish", "ms", bus=name)
        self._refused = host.counter("bus.refused", "1", bus=name)
        self._invalid = host.counter("bus.validation_errors", "1", bus=name, side="publisher")

    def published(self, event: str, count: int = 1) -> None:
        """Count events that are kept."""
        counter = self._published.get(event)
        if counter is None:
            counter = self._published[event] = self._host.counter(
                "bus.published", "1", bus=self._bus, event=event
            )
        counter.add(float(count))

    def refused(self, count: int) -> None:
        """Count events that were not taken, because a subscriber is too far behind."""
        self._refused.add(float(count))

    def invalid(self) -> None:
        """Count an event that does not fit its own struct."""
        self._invalid.add(1.0)

    def of(self, subscriber: str) -> "SubscriberMeter":
        """Return the meter of one subscriber."""
        found = self._subscribers.get(subscriber)
        if found is None:
            found = self._subscribers[subscriber] = SubscriberMeter(self._host, self._bus, subscriber)
        return found

    def lags(self, lags: Sequence[Lag]) -> None:
        """Record how far each subscriber is behind."""
        for lag in lags:
            self.of(lag.subscriber).lag(lag)


class SubscriberMeter:
    """Records what one subscriber is given, and what becomes of it."""

    def __init__(self, host: Host, bus: str, subscriber: str) -> None:
        attributes = {"bus": bus, "subscriber": subscriber}
        self._now_ns = host.clock.now_ns
        self._delivery: Histogram = host.histogram("bus.delivery", "ms", **attributes)
        self._success: Histogram = host.histogram("bus.success", "ratio", **attributes)
        self._ended = {
            outcome: host.counter("bus.outcomes", "1", outcome=outcome, **attributes)
            for outcome in ("ok", "failed", "dead")
        }
        self._invalid = host.counter("bus.validation_errors", "1", side="subscriber", **attributes)
        self._untransformed = host.counter("bus.transformation_errors", "1", **attributes)
        self._lag = host.gauge("bus.lag", "1", **attributes)
        self._oldest = host.gauge("bus.oldest_age", "ms", **attributes)
        self._letters = host.gauge("bus.letters", "1", **attributes)

    def delivered(self, at_ns: int) -> None:
        """Record how long ago an event was published that is handed over for the first time."""
        self._delivery.record(max(0.0, (self._now_ns() - at_ns) / 1e6))

    def taken(self) -> None:
        """Count an event that was handled."""
        self._success.record(1.0)
        self._ended["ok"].add(1.0)

    def failed(self) -> None:
        """Count a try that failed."""
        self._ended["failed"].add(1.0)

    def dead(self) -> None:
        """Count an event that became a letter."""
        self._success.record(0.0)
        self._ended["dead"].add(1.0)

    def invalid(self) -> None:
        """Count an event that does not fit its struct."""
        self._invalid.add(1.0)

    def untransformed(self) -> None:
        """Count an event of another version that could not be made the newest."""
        self._untransformed.add(1.0)

    def lag(self, lag: Lag) -> None:
        """Record how far it is behind."""
        self._lag.set(float(lag.waiting))
        self._oldest.set(lag.oldest_age_ms)
        self._letters.set(float(lag.dead))
