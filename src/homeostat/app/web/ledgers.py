"""The ledgers: those of services as they were read and checked; only what is new is read again."""

import threading
from collections import OrderedDict
from dataclasses import dataclass

from homeostat.core.clock import MINUTE_NS, Clock
from homeostat.core.errors import StoreCorrupt
from homeostat.core.query import RecordsQuery, Store
from homeostat.prove.ledger.ledger import Ledger
from homeostat.prove.ledger.records import entry_of, kind_of, read_ledger

VERIFIED_NS = 10 * MINUTE_NS
"""After this time a ledger is read whole again, and all its hashes are worked out anew."""

NEW_MAX = 200
"""Entries that are read alone where they are new; where there are more, the ledger is read whole."""

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
        records = self._store.read(RecordsQuery(kind_of(service), limit=1))
        head = records[0].key if records else ""
        with self._lock:
            kept = self._kept.get(service)
            now_ns = self._clock.monotonic_ns()
            if kept is None or now_ns >= kept.until_ns:
                kept = _Kept(head, now_ns + VERIFIED_NS, self._whole(service))
            elif kept.head != head:
                kept = _Kept(head, kept.until_ns, self._longer(service, kept.read))
            self._kept[service] = kept
            self._kept.move_to_end(service)
            while len(self._kept) > LEDGERS_MAX:
                self._kept.popitem(last=False)
            return kept.read

    def _whole(self, service: str) -> ReadLedger:
        try:
            ledger = read_ledger(self._store.read, service)
        except StoreCorrupt as error:
            return ReadLedger(Ledger(), str(error))
        return ReadLedger(ledger, ledger.broken())

    def _longer(self, service: str, read: ReadLedger) -> ReadLedger:
        """Return a ledger with the entries that were written since; read whole where they do not follow."""
        last = read.ledger.last
        records = self._store.read(RecordsQuery(kind_of(service), limit=NEW_MAX))
        try:
            found = sorted((entry_of(record) for record in records), key=lambda entry: entry.number)
        except StoreCorrupt as error:
            return ReadLedger(read.ledger, str(error))
        if read.broken or last is None or last not in found:
            return self._whole(service)
        new = tuple(found[found.index(last) + 1 :])
        before = last
        for entry in new:
            if (entry.number, entry.previous) != (
                before.number + 1,
                before.hash,
            ) or entry.hash != entry.hash_due:
                return self._whole(service)
            before = entry
        return ReadLedger(Ledger((*read.ledger.entries, *new)), None)
