"""The loop desk: one place to see what loops do and to give them orders, for commands, API and page alike."""

import time
from collections.abc import Callable
from dataclasses import dataclass

from homeostat.core.clock import Clock
from homeostat.core.errors import InputError, NotAvailable
from homeostat.core.knob import Value
from homeostat.core.losses import Losses
from homeostat.core.order import Order, Pin, Try, Unpin
from homeostat.core.query import RecordsQuery, Store
from homeostat.loop.governing.order_box import OrderBox
from homeostat.loop.governing.published import Published, PublishedKnob, loops
from homeostat.prove.ledger.entry import LedgerEntry
from homeostat.prove.ledger.ledger import Ledger
from homeostat.prove.ledger.records import entry_of, kind_of, read_ledger

ANSWER_S = 5.0
FOLLOW_S = 1.0
LOOK_S = 0.1
ANSWERS_MAX = 50
"""Entries among which the answer to an order is looked for, the newest."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What became of an order: the entries that the ledger got for it; none where nothing came in time."""

    entries: tuple[LedgerEntry, ...]


class LoopDesk:
    """Loops as they publish themselves through a store. Any thread may ask."""

    def __init__(
        self, store: Store, clock: Clock, losses: Losses, sleep: Callable[[float], None] = time.sleep
    ) -> None:
        self._store = store
        self._clock = clock
        self._losses = losses
        self._sleep = sleep

    def loops(self) -> dict[str, Published]:
        """Return the newest state of each loop that was seen within a day, by service."""
        return loops(self._store)

    def alive(self, loop: Published) -> bool:
        """Tell whether a loop is running now."""
        return loop.alive(self._clock.now_ns())

    def loop(self, service: str | None = None) -> Published:
        """Return the loop of a service, the only one where none is named.

        Raises NotAvailable where there is none, InputError where there are several to choose from.
        """
        found = self.loops()
        if service is not None:
            if service not in found:
                raise NotAvailable(f"there is no loop of {service!r}; {_known(found)}")
            return found[service]
        if not found:
            raise NotAvailable(_known(found))
        if len(found) > 1:
            raise InputError(f"say which loop with --service: {', '.join(sorted(found))}")
        return next(iter(found.values()))

    def ledger(self, service: str) -> Ledger:
        """Return the whole ledger of a service."""
        return read_ledger(self._store.read, service)

    def order(self, service: str, order: Order) -> None:
        """Leave an order; raise InputError where it makes no sense here, NotAvailable where no loop runs."""
        loop = self.loop(service)
        if not self.alive(loop):
            raise NotAvailable(
                f"the loop of {service!r} does not run now, so that nobody would obey; "
                "start the application, or touch the file `<store>.restore` to have defaults at its start"
            )
        known = {knob.name: knob for knob in loop.knobs}
        if isinstance(order, Pin | Unpin):
            _check(known, order.knob)
        if isinstance(order, Try):
            for name in order.values:
                _check(known, name)
        OrderBox(self._store, service, self._losses).post(order, self._clock.now_ns())

    def answer(self, service: str, after: int, timeout_s: float = ANSWER_S, by: str = "") -> Answer:
        """Wait for what the ledger says after its entry number `after`, where given about orders of `by`.

        The answer is empty where nothing comes in time.
        """

        def wanted(entry: LedgerEntry) -> bool:
            return not by or entry.note.by == by

        self.until(service, after, wanted, timeout_s)
        return Answer(tuple(entry for entry in self._after(service, after) if wanted(entry)))

    def until(
        self, service: str, after: int, wanted: Callable[[LedgerEntry], bool], timeout_s: float
    ) -> LedgerEntry | None:
        """Wait for an entry after number `after` that is wanted; return it, None where none comes in time."""
        waited_s = 0.0
        while True:
            found = next(filter(wanted, self._after(service, after)), None)
            if found is not None or waited_s >= timeout_s:
                return found
            self._sleep(LOOK_S)
            waited_s += LOOK_S

    def follow(self, service: str, time_ns: int, timeout_s: float = FOLLOW_S) -> None:
        """Wait until the loop has published its state of a moment or later, or the time is over."""
        waited_s = 0.0
        while waited_s < timeout_s:
            found = self.loops().get(service)
            if found is None or found.time_ns >= time_ns:
                return
            self._sleep(LOOK_S / 5)
            waited_s += LOOK_S / 5

    def _after(self, service: str, number: int) -> tuple[LedgerEntry, ...]:
        records = self._store.read(RecordsQuery(kind_of(service), limit=ANSWERS_MAX))
        found = sorted((entry_of(record) for record in records), key=lambda entry: entry.number)
        return tuple(entry for entry in found if entry.number > number)


def value_of(text: str, knob: PublishedKnob) -> Value:
    """Return a knob's value as a person wrote it, in the type of the knob's default; else raise InputError.

    >>> from homeostat.loop.governing.published import PublishedKnob
    >>> value_of("12", PublishedKnob("batch", 8, 8, "1 to 64", "process", False, ""))
    12
    """
    default = knob.default
    if isinstance(default, bool):
        if text.lower() in ("true", "yes", "on", "1"):
            return True
        if text.lower() in ("false", "no", "off", "0"):
            return False
        raise InputError(f"knob {knob.name!r} is true or false, not {text!r}")
    try:
        if isinstance(default, int):
            return int(text)
        if isinstance(default, float):
            return float(text)
    except ValueError:
        raise InputError(f"knob {knob.name!r} takes a number ({knob.domain}), not {text!r}") from None
    return text


def _check(known: dict[str, PublishedKnob], name: str) -> None:
    if name not in known:
        raise InputError(f"there is no knob {name!r}; there are: {', '.join(sorted(known)) or 'none'}")


def _known(found: dict[str, Published]) -> str:
    if found:
        return f"there are: {', '.join(sorted(found))}"
    return (
        "no loop has run on this store within a day: call hs.govern('policy.toml') in the application, "
        "or name another store with --store"
    )
