"""Kept here: what an application keeps on this machine besides its metrics, and under which key."""

import os
from pathlib import Path
from threading import Lock
from typing import Protocol

from homeostat.core.batch import Batch
from homeostat.core.query import Answer_co, Query, Store
from homeostat.loop.settings import Settings, default_store
from homeostat.loop.writer import Writer
from homeostat.runtime.experience.pseudonyms import Pseudonyms, key_at
from homeostat.runtime.host import Host
from homeostat.store.address import StoreAddress
from homeostat.store.open import open_store
from homeostat.store.sqlite.store import SqliteStore

SUFFIX = ".people-key"


class Keeper(Host, Protocol):
    """A host that was told where to keep what. A `Homeostat` is one."""

    settings: Settings

    @property
    def writer(self) -> Writer | None:
        """The queue before the store, None where nothing is kept."""
        ...


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
    """Where an application keeps what it keeps of people: in its open store, else in that of this machine.

    The latter is opened when it is first used, in a forked child again. Batches go through the application's
    own queue where that ends in the same store, else through one of its own.
    """

    def __init__(self, hs: Keeper, store: Store | None) -> None:
        self._hs = hs
        self._given = store
        self._address = hs.settings.store_path()
        self._own_queue = store is None and hs.settings.endpoint is not None
        self._renew()

    def _renew(self) -> None:
        self._pid = os.getpid()
        self._lock = Lock()
        self._store: Store | None = None
        self._writer: Writer | None = None

    def _here(self) -> None:
        if self._pid != os.getpid():  # forked: lock, store and thread are the parent's
            self._renew()

    def names(self) -> Pseudonyms:
        """Return what makes the pseudonyms of people, by the key beside the store. Raises ConfigError."""
        key = key_at(key_file(self._address if self._given is None else self._given), os.environ)
        return Pseudonyms(key, self._hs.settings.service)

    def read(self, query: Query[Answer_co]) -> Answer_co:
        """Answer a query."""
        if self._given is not None:
            return self._given.read(query)
        self._here()
        with self._lock:
            if self._store is None:
                self._store = open_store(self._address)
            return self._store.read(query)

    def offer(self, batch: Batch) -> bool:
        """Queue a batch; False where there is no room."""
        if not self._own_queue:
            return self._hs.writer is not None and self._hs.writer.offer(batch)
        self._here()
        with self._lock:
            if self._writer is None:
                self._writer = Writer(lambda: open_store(self._address), self._hs.losses)
            return self._writer.offer(batch)

    def close(self) -> None:
        """Write what waits in a queue of its own, and let go of a store that was opened here."""
        self._here()
        with self._lock:
            if self._writer is not None:
                self._writer.close()
            if self._store is not None:
                self._store.close()
            self._store = self._writer = None
