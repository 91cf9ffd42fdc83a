"""The desk: evaluates the rules every few seconds, keeps the alerts, and hands notices to the couriers."""

import threading
from collections.abc import Iterable, Mapping
from time import thread_time

import msgspec

from homeostat.app.alerts.alert_views import Setup, Watched, setup_record
from homeostat.app.alerts.book_store import book_changes, read_book, read_silences
from homeostat.app.alerts.channels.channel import Channel
from homeostat.app.alerts.courier import Courier
from homeostat.app.alerts.outbox import (
    AGAIN,
    DEAD,
    WAITING,
    WAITING_MAX,
    Delivery,
    deliveries_of,
    moved,
    read_deliveries,
    records_of,
)
from homeostat.app.alerts.own_rules import OwnRule, own_rules
from homeostat.app.alerts.target_file import Alerting
from homeostat.app.alerts.window_totals import WindowTotals
from homeostat.core.action import Action
from homeostat.core.batch import Batch
from homeostat.core.clock import SECOND_NS, Clock
from homeostat.core.errors import ConfigError
from homeostat.core.guard import guarded
from homeostat.core.losses import Losses
from homeostat.core.metric import Metric
from homeostat.core.notice import Notice, Occasion
from homeostat.core.query import RecordsQuery, Store
from homeostat.core.record import Record
from homeostat.core.target import Severity
from homeostat.judge.alerts.incident import Book, advance
from homeostat.judge.alerts.watch import Source, observe
from homeostat.judge.targets.target import Handling, Rule

INTERVAL_S = 5.0

REST = 19.0
"""A look is followed by so many times its own processor time of rest: a twentieth of a core at most."""


ACTION = "action:"
"""What the name of the courier to an action begins with."""


class _ActionSender:
    def __init__(self, action: Action) -> None:
        self._action = action

    def send(self, notice: Notice) -> None:
        self._action.act(notice)


class AlertDesk:
    """Watches a store by rules. State and outbox live in the store, so that a restart loses nothing.

    Each look reads every window no more often than once in a 120th of its length, and is at least
    `interval_s` after the one before, and takes at most a twentieth of a core; a look that fails changes
    nothing and is made again.
    """

    def __init__(
        self,
        store: Store,
        clock: Clock,
        losses: Losses,
        alerting: Alerting,
        actions: Mapping[str, Action] | None = None,
        interval_s: float = INTERVAL_S,
        metrics: Mapping[str, Metric] | None = None,
    ) -> None:
        self._store = store
        self._clock = clock
        self._losses = losses
        self._alerting = alerting
        self._interval_s = interval_s
        acting = [
            Channel(ACTION + name, "action", Severity.WARNING, lambda a=action: _ActionSender(a))  # type: ignore[misc]
            for name, action in (actions or {}).items()
        ]
        self.couriers = {c.name: Courier(c, store, clock, losses) for c in (*alerting.channels, *acting)}
        self._actions = tuple(actions or {})
        self._metrics = metrics or {}
        self._own: tuple[OwnRule, ...] = ()
        self._rules: tuple[Rule, ...] = alerting.rules
        self._handlings: dict[str, Handling] = {r.name: r.handling for r in alerting.rules}
        self._totals = WindowTotals(store, round(interval_s * SECOND_NS))
        self._book: Book | None = None
        self._lock = threading.Lock()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="homeostat-alerts", daemon=True)

    def start(self) -> None:
        """Begin to evaluate and to deliver."""
        for courier in self.couriers.values():
            courier.start()
        self._thread.start()

    def close(self) -> None:
        """End; what is under way is kept in the store."""
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join(2.0)
        for courier in self.couriers.values():
            courier.close()

    def _run(self) -> None:
        while not self._stop.is_set():
            began_s = thread_time()
            with guarded(self._losses, "alerts"):
                self.look()
            if self._stop.wait(max(self._interval_s, REST * (thread_time() - began_s))):
                return

    def _restored(self) -> Book:
        if self._book is None:
            book = read_book(self._store)
            waiting = read_deliveries(self._store, WAITING)
            for name, courier in self.couriers.items():
                courier.take(d for d in waiting if d.channel == name)
            self._give_up(d for d in waiting if d.channel not in self.couriers)
            self._tell_setup()
            self._book = book
        return self._book

    def _tell_setup(self) -> None:
        own = {r.name for r in self._alerting.targets} | {r.name for r in self._own}
        rules = tuple(Watched(r.name, r.expectation, r.metric, r.name in own) for r in self._rules)
        setup = Setup(rules, tuple(self.couriers))
        self._store.write(Batch(records=(setup_record(setup, self._clock.now_ns()),)))

    def _look_for_rules(self) -> None:
        """Take in the rules that people set since the last look; one without sense by now is counted."""
        own = own_rules(self._store)
        if own == self._own:
            return
        self._own = own
        rules = {rule.name: rule for rule in self._alerting.rules}
        channels = [channel.name for channel in self._alerting.channels]
        for one in own:
            try:
                rules[one.name] = one.rule(self._metrics, channels, self._actions)
            except ConfigError:
                self._losses.add("alerts.bad_rule")
        self._rules = tuple(rules.values())
        self._handlings = {rule.name: rule.handling for rule in self._rules}
        self._tell_setup()

    def _give_up(self, lost: Iterable[Delivery]) -> None:
        for delivery in lost:
            error = f"the channel {delivery.channel!r} is no longer configured"
            self._store.write(moved(msgspec.structs.replace(delivery, error=error), DEAD))

    def _hand_over_again(self) -> None:
        """Give the couriers what a person wants to be sent again; what is sent already waits no more."""
        asked = self._store.read(RecordsQuery(AGAIN, limit=WAITING_MAX))
        if not asked:
            return
        keys = {r.key for r in asked}
        waiting = [d for d in read_deliveries(self._store, WAITING) if d.key in keys]
        for delivery in waiting:
            if delivery.channel in self.couriers:
                self.couriers[delivery.channel].take((delivery,))
        self._give_up(d for d in waiting if d.channel not in self.couriers)
        self._store.write(Batch(records=tuple(Record(AGAIN, key, 0, b"") for key in keys)))

    def look(self) -> tuple[Notice, ...]:
        """Evaluate every rule once; return what is told."""
        with self._lock:
            before = self._restored()
            self._hand_over_again()
            self._look_for_rules()
            now_ns = self._clock.now_ns()
            self._totals.at(now_ns)
            source = Source(self._totals.totals, self._totals.frames, self._totals.seconds)
            seen = [observation for rule in self._rules for observation in observe(rule, source)]
            silences = read_silences(self._store, now_ns)
            step = advance(before, seen, self._handlings, silences, now_ns)
            if step.dropped:
                self._losses.add("alerts.too_many", step.dropped)
            told = [(notice, self._deliveries(notice)) for notice in step.notices]
            records: list[Record] = book_changes(before, step.book, now_ns)
            for notice, deliveries in told:
                records += records_of(notice, deliveries)
            if records:
                self._store.write(Batch(records=tuple(records)))
            self._book = step.book
        for _, deliveries in told:
            for delivery in deliveries:
                self.couriers[delivery.channel].take((delivery,))
        return step.notices

    def _deliveries(self, notice: Notice) -> list[Delivery]:
        handlings = [self._handlings.get(line.target, Handling()) for line in notice.alerts]
        everywhere = any(not h.notify for h in handlings)
        names = frozenset() if everywhere else frozenset(n for h in handlings for n in h.notify)
        found = deliveries_of(notice, self._alerting.channels, names)
        if notice.occasion is not Occasion.RECOVERED:
            actions = sorted({h.action for h in handlings if h.action})
            found += [Delivery(notice, ACTION + name, next_ns=notice.time_ns) for name in actions]
        return found
