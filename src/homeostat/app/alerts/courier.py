"""The courier: the thread that takes notices through one channel, again and again until they are out."""

import threading
from collections.abc import Iterable

from homeostat.app.alerts.channels.channel import Channel, Sender, Undelivered
from homeostat.app.alerts.outbox import (
    ATTEMPTS_MAX,
    DEAD,
    SENT,
    WAITING,
    Delivery,
    due,
    failed,
    moved,
    record_of,
)
from homeostat.core.batch import Batch
from homeostat.core.clock import SECOND_NS, Clock
from homeostat.core.errors import HomeostatError, StoreError
from homeostat.core.guard import guarded
from homeostat.core.losses import Losses
from homeostat.core.query import Store

IDLE_S = 5.0
STORE_RETRY_S = 1.0


class Courier:
    """Delivers what waits for one channel: at least once, each incident in order, with growing pauses."""

    def __init__(self, channel: Channel, store: Store, clock: Clock, losses: Losses) -> None:
        self._channel = channel
        self._store = store
        self._clock = clock
        self._losses = losses
        self._sender: Sender | None = None
        self._waiting: dict[str, Delivery] = {}
        self._changed = threading.Condition()
        self._closing = False
        name = f"homeostat-alerts-{channel.name}"
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)

    def start(self) -> None:
        """Begin to deliver."""
        self._thread.start()

    def take(self, deliveries: Iterable[Delivery]) -> None:
        """Take deliveries that are kept in the store already."""
        with self._changed:
            self._waiting.update({d.key: d for d in deliveries})
            self._changed.notify_all()

    @property
    def waiting(self) -> int:
        """How many wait."""
        return len(self._waiting)

    def close(self) -> None:
        """End; an attempt that is under way is not waited for longer than a second."""
        with self._changed:
            self._closing = True
            self._changed.notify_all()
        if self._thread.is_alive():
            self._thread.join(1.0)

    def _run(self) -> None:
        while not self._closing:
            with guarded(self._losses, "alerts.courier"):
                self.deliver_due()
            with self._changed:
                if not self._closing:
                    self._changed.wait(self._pause_s())

    def _pause_s(self) -> float:
        found = due(self._waiting.values())
        if not found:
            return IDLE_S
        return min(max((found[0].next_ns - self._clock.now_ns()) / SECOND_NS, 0.0), IDLE_S) + 0.01

    def deliver_due(self) -> int:
        """Try each delivery whose time has come; return how many were sent."""
        sent = 0
        with self._changed:
            found = due(self._waiting.values())
        for delivery in found:
            if delivery.next_ns > self._clock.now_ns() or self._closing:
                continue
            sent += self._attempt(delivery)
        return sent

    def _attempt(self, delivery: Delivery) -> bool:
        error = ""
        try:
            if self._sender is None:
                self._sender = self._channel.open()
            self._sender.send(delivery.notice)
        except Undelivered as undelivered:
            error = str(undelivered)
        except HomeostatError as other:
            error = f"{type(other).__name__}: {other}"
        except BaseException:
            self._failed(delivery, "failed inside; see the log")
            raise
        if error:
            self._failed(delivery, error)
            return False
        self._write(moved(delivery, SENT))
        self._forget(delivery)
        return True

    def _failed(self, delivery: Delivery, error: str) -> None:
        after = failed(delivery, error, self._clock.now_ns())
        if after.attempts >= ATTEMPTS_MAX:
            self._losses.add("alerts.undelivered")
            self._write(moved(after, DEAD))
            self._forget(after)
            return
        with self._changed:
            self._waiting[after.key] = after
        self._write(Batch(records=(record_of(WAITING, after),)))

    def _forget(self, delivery: Delivery) -> None:
        with self._changed:
            self._waiting.pop(delivery.key, None)

    def _write(self, batch: Batch) -> None:
        """Write until it is written: what was sent must not be sent again for a store that is busy."""
        while True:
            try:
                self._store.write(batch)
            except StoreError:
                self._losses.add("alerts.store_delayed")
                with self._changed:
                    if self._closing or self._changed.wait_for(lambda: self._closing, STORE_RETRY_S):
                        return
            else:
                return
