"""How the ledger is kept in a store: a record an entry, which never expires."""

from collections.abc import Callable, Iterable

import msgspec

from homeostat.core.errors import StoreCorrupt
from homeostat.core.query import RecordsQuery
from homeostat.core.record import Record
from homeostat.prove.ledger.entry import LedgerEntry
from homeostat.prove.ledger.ledger import Ledger

KIND = "ledger"


def kind_of(service: str) -> str:
    """Return the kind of the records of a service's ledger; without a name, of the only one."""
    return f"{KIND}/{service}" if service else KIND


PAGE = 1_000
"""Records that are asked for at once."""


def record_of(entry: LedgerEntry, service: str = "") -> Record:
    """Return the record of an entry.

    Its key holds the number and a part of the hash: of two processes that write the same number none
    replaces what the other wrote, and `Ledger.broken` tells of both.
    """
    key = f"{entry.number:012d}-{entry.hash[:12]}"
    return Record(kind_of(service), key, entry.time_ns, msgspec.json.encode(entry, order="sorted"))


def entry_of(record: Record) -> LedgerEntry:
    """Return the entry of a record; raise StoreCorrupt where it cannot be read."""
    try:
        return msgspec.json.decode(record.body, type=LedgerEntry)
    except msgspec.MsgspecError as error:
        raise StoreCorrupt(
            f"entry {record.key} of the ledger cannot be read ({error}): it was altered, or written by a "
            "newer release; put a copy of the store back, or start with a new one"
        ) from None


def ledger_of(records: Iterable[Record]) -> Ledger:
    """Return the ledger that records make up, in whatever order they come."""
    entries = {record.key: entry_of(record) for record in records}
    return Ledger(tuple(entries[key] for key in sorted(entries)))


def read_ledger(read: Callable[[RecordsQuery], tuple[Record, ...]], service: str = "") -> Ledger:
    """Return the whole ledger, asked for a page at a time, such as by `store.read`."""
    found: dict[str, Record] = {}
    end_ns, limit = RecordsQuery(KIND).end_ns, PAGE
    kind = kind_of(service)
    while True:
        page = read(RecordsQuery(kind, end_ns=end_ns, limit=limit))
        known = len(found)
        found.update((record.key, record) for record in page)
        if len(page) < limit:
            return ledger_of(found.values())
        if len(found) == known or page[-1].time_ns + 1 == end_ns:
            limit *= 2  # more entries than a page at one moment
        end_ns = page[-1].time_ns + 1
