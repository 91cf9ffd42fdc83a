"""The beginning of an application's experience: where it is kept, and under which key."""

import os
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING

from homeostat.core.batch import Batch
from homeostat.core.errors import ConfigError
from homeostat.core.query import Answer_co, Query, Store
from homeostat.loop.settings import default_store
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


class OpenedHere:
    """A store that is opened when it is first read, in a forked child again."""

    def __init__(self, address: str) -> None:
        self._address = address
        self._store: Store | None = None
        self._pid = os.getpid()
        self._lock = Lock()

    def read(self, query: Query[Answer_co]) -> Answer_co:
        """Answer a query."""
        if self._pid != os.getpid():  # forked: lock and store are the parent's
            self._store, self._lock, self._pid = None, Lock(), os.getpid()
        with self._lock:
            if self._store is None:
                self._store = open_store(self._address)
            return self._store.read(query)

    def close(self) -> None:
        """Let go of it."""
        with self._lock:
            if self._store is not None and self._pid == os.getpid():
                self._store.close()
            self._store = None


def begin(hs: "Homeostat", store: Store | None, track: tuple[str, ...], keep_days: int) -> Experience:
    """Begin to keep what is declared, in an open store or in the one of the settings."""
    if not hs.settings.keep:
        raise ConfigError("experience needs a store: leave out keep=False")
    if hs.settings.endpoint is not None:
        raise ConfigError(
            "experience is kept in a store, not sent to an endpoint: give store=..., or POST /feedback there"
        )
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
        opened = OpenedHere(address)
        made = Experience(hs, declaration, offer, opened, pseudonyms, opened.close)
    made.declare()
    return made
