"""The ledgers: those of services as they were read and checked, each read anew once it has a new entry."""

import threading
from collections import OrderedDict
from dataclasses import dataclass

from homeostat.core.clock import MINUTE_NS, Clock
from homeostat.core.errors import StoreCorrupt
from homeostat.core.query import RecordsQuery, Store
from homeostat.prove.ledger import Ledger
from homeostat.prove.ledger_records import kind_of, read_ledger

VERIFIED_NS = MINUTE_NS
"""How long a ledger without a new entry is taken as read; then its hashes are worked out anew."""

LEDGERS_MAX = 16


@dataclass(frozen=True, slots=True)
class ReadLedger:
    """A ledger, and the first entry that cannot be trusted with the reason, None where all can."""

    ledger: Ledger
    broken: str | None


@dataclass(frozen=True, slots=True)
class _Kept:
    """What was read when the newest record had this key, and until when it is good."""

    head: str
    until_ns: int
    read: ReadLedger


class Ledgers:
    """Reads ledgers of a store. Any thread may ask; the newest ones are remembered."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock
        self._lock = threading.Lock()
        self._kept: OrderedDict[str, _Kept] = OrderedDict()

    def read(self, service: str) -> ReadLedger:
        """Return the whole ledger of a service with its hashes checked."""
        newest = self._store.read(RecordsQuery(kind_of(service), limit=1))
        head = newest[0].key if newest else ""
        with self._lock:
            kept = self._kept.get(service)
            now_ns = self._clock.monotonic_ns()
            if kept is None or kept.head != head or now_ns >= kept.until_ns:
                kept = _Kept(head, now_ns + VERIFIED_NS, self._read(service))
                self._kept[service] = kept
            self._kept.move_to_end(service)
            while len(self._kept) > LEDGERS_MAX:
                self._kept.popitem(last=False)
            return kept.read

    def _read(self, service: str) -> ReadLedger:
        try:
            ledger = read_ledger(self._store.read, service)
        except StoreCorrupt as error:
            return ReadLedger(Ledger(), str(error))
        return ReadLedger(ledger, ledger.broken())
