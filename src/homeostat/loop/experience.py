"""The beginning of an application's experience: where it is kept, and under which key."""

import os
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING

from homeostat.core.batch import Batch
from homeostat.core.errors import ConfigError
from homeostat.core.losses import Losses
from homeostat.core.query import Answer_co, Query, Store
from homeostat.loop.settings import default_store
from homeostat.loop.writer import Writer
from homeostat.runtime.experience.book import Offered
from homeostat.runtime.experience.declaration import KEPT_DAYS, UNASKED, Declaration
from homeostat.runtime.experience.experience import Experience
from homeostat.runtime.experience.pseudonyms import Pseudonyms, key_at
from homeostat.store.address import StoreAddress
from homeostat.store.open import open_store
from homeostat.store.sqlite.store import SqliteStore

if TYPE_CHECKING:
    from homeostat.loop.homeostat import Homeostat

SUFFIX = ".people-key"


def key_file(store: Store | str) -> Path:
    """Return the file of the key under which people are hashed, by a store or the address of one.

    Beside a store that is a file; of a database or of memory where the default store would be: such
    processes on several machines share a key by `HOMEOSTAT_EXPERIENCE_KEY`.
    """
    if isinstance(store, str):
        file = StoreAddress.of(store).file
    else:
        file = store.file if isinstance(store, SqliteStore) else None
    beside = Path(default_store()) if file is None else file
    return beside.with_name(beside.name + SUFFIX)


class KeptHere:
    """The store of this machine, opened when it is first used, in a forked child again.

    Batches go through `offer`, the application's own queue where that ends in the same store, else one of
    its own.
    """

    def __init__(self, address: str, losses: Losses, offer: Offered | None) -> None:
        self._address = address
        self._losses = losses
        self._given = offer
        self._renew()

    def _renew(self) -> None:
        self._pid = os.getpid()
        self._lock = Lock()
        self._store: Store | None = None
        self._writer: Writer | None = None

    def _here(self) -> None:
        if self._pid != os.getpid():  # forked: lock, store and thread are the parent's
            self._renew()

    def read(self, query: Query[Answer_co]) -> Answer_co:
        """Answer a query."""
        self._here()
        with self._lock:
            if self._store is None:
                self._store = open_store(self._address)
            return self._store.read(query)

    def offer(self, batch: Batch) -> bool:
        """Queue a batch; False where there is no room."""
        if self._given is not None:
            return self._given(batch)
        self._here()
        with self._lock:
            if self._writer is None:
                self._writer = Writer(lambda: open_store(self._address), self._losses)
            return self._writer.offer(batch)

    def close(self) -> None:
        """Write what waits in a queue of its own, and let go of the store."""
        self._here()
        with self._lock:
            if self._writer is not None:
                self._writer.close()
            if self._store is not None:
                self._store.close()
            self._store = self._writer = None


def begin(hs: "Homeostat", store: Store | None, track: tuple[str, ...], keep_days: int) -> Experience:
    """Begin to keep what is declared, in an open store or in that of this machine.

    So it is where metrics go to an endpoint, too, as the ledger of a loop is.
    """
    if not hs.settings.keep:
        raise ConfigError("experience needs a store: leave out keep=False")
    address = hs.settings.store_path()
    key = key_at(key_file(address if store is None else store), os.environ)
    declaration = Declaration(
        service=hs.settings.service, track=track or UNASKED, keep_days=keep_days or KEPT_DAYS
    )

    def offer(batch: Batch) -> bool:
        return hs.writer is not None and hs.writer.offer(batch)

    pseudonyms = Pseudonyms(key, declaration.service)
    if store is not None:
        made = Experience(hs, declaration, offer, store, pseudonyms)
    else:
        kept = KeptHere(address, hs.losses, offer if hs.settings.endpoint is None else None)
        made = Experience(hs, declaration, kept.offer, kept, pseudonyms, kept.close)
    made.declare()
    return made
