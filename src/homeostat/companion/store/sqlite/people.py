"""People in a folder: one encrypted file each, the most recently used of them open."""

import resource
from collections import OrderedDict
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path
from threading import BoundedSemaphore, Lock
from time import monotonic

import apsw

from homeostat.companion.store.accepted import checked_person
from homeostat.companion.store.keys import MasterKey
from homeostat.companion.store.people import Memory
from homeostat.companion.store.sqlite.connection import connect, translated
from homeostat.companion.store.sqlite.handle import Handle
from homeostat.companion.store.sqlite.log import Log
from homeostat.companion.store.sqlite.memory import SqliteMemory
from homeostat.companion.store.sqlite.places import (
    destroy,
    draft_files,
    draft_of,
    person_file,
    private_file,
    private_folder,
    synced,
)
from homeostat.companion.store.sqlite.registry import Registry
from homeostat.companion.store.sqlite.schema import check, make
from homeostat.companion.store.turns import Turns
from homeostat.core.errors import StoreCorrupt, StoreError, UnknownPerson

HANDLES_MAX = 1_500
CLOSING_MAX = 16
"""Files that another thread closes meanwhile, or settles."""

FILES_A_HANDLE = 3
FILES_OF_OTHERS = 256 + FILES_A_HANDLE * CLOSING_MAX

CLOSE_S = 5.0
"""How long the end may take: a file takes 45 ms where its write-ahead log goes into it first."""


class SqlitePeople:
    """The People of one folder. Safe for threads, and for processes beside one another.

    Up to `handles_max` files are kept open, fewer where the process may open fewer. A thread of its own waits
    for the disk: it closes files, and brings logs into them. `held` are the people whose memory it holds.
    """

    def __init__(self, folder: Path, master: MasterKey, *, handles_max: int = HANDLES_MAX) -> None:
        files_max, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
        self.handles_max = max(1, min(handles_max, (files_max - FILES_OF_OTHERS) // FILES_A_HANDLE))
        self._folder = folder
        self._registry = Registry(folder, master)
        self._turns = Turns()
        self.held: set[str] = set()
        self._idle: OrderedDict[str, Handle] = OrderedDict()
        self._lock = Lock()
        self._closed = False
        self._closer = ThreadPoolExecutor(1, "homeostat-people-closer")
        self._closing = BoundedSemaphore(CLOSING_MAX)
        try:
            self._registry.sweep(lambda: draft_files(folder), self._destroy)
        except BaseException:
            self._registry.close()
            raise

    @contextmanager
    def open(self, person: str, *, create: bool = False) -> Iterator[Memory]:
        """Hold a person's memory."""
        checked_person(person)
        with self._turns.hold(person):
            handle = self._taken(person) or self._opened(person, create)
            try:
                yield SqliteMemory(handle)
            finally:
                self._give_back(handle)

    def forget(self, person: str) -> bool:
        """Destroy a person's key and then their file; whether there was one."""
        checked_person(person)
        with self._turns.hold(person):
            try:
                handle = self._taken(person) or self._opened(person, create=False)
            except UnknownPerson:
                return False
            except StoreError:
                handle = None
            file = self._registry.remove(person)
            if handle is not None:
                # A process that has the file open is told by what is in it; a file may be past telling.
                with suppress(StoreError):
                    handle.disown()
                handle.connection.close()
            if file is not None:
                self._destroy(file)
        return file is not None

    def names(self, after: str, limit: int) -> list[str]:
        """Return up to `limit` people in the order of their names, those that follow `after`."""
        return self._registry.names(after, limit)

    def place(self, person: str) -> Path | None:
        """Return where a person's file is, None where there is no such person."""
        found = self._registry.find(person)
        return None if found is None else person_file(self._folder, found[0])

    def check(self, person: str) -> None:
        """Read every page of a person's file, with its authentication, beside whoever holds the memory.

        Raises StoreCorrupt where it is not whole, UnknownPerson, StoreError.
        """
        found = self._registry.find(person)
        if found is None:
            raise UnknownPerson("no memory is kept of this person")
        path, key = person_file(self._folder, found[0]), found[1]
        if not path.exists():
            if self._registry.find(person) != found or draft_of(path).exists():
                raise UnknownPerson("the memory of this person is being made, or forgotten")
            raise StoreCorrupt(f"{path} is missing; restore it from a backup, or forget the person")
        connection = connect(path, key)
        try:
            with translated(path):
                if connection.pragma("quick_check") != "ok":
                    raise StoreCorrupt(f"{path} is not whole: restore it from a backup")
        finally:
            connection.close()

    def rewrap(self, master: MasterKey) -> int:
        """Wrap all data keys under another master key; return how many. The files stay as they are.

        Raises StoreBusy where another process uses the folder.
        """
        return self._registry.rewrap(master)

    def close(self) -> None:
        """Close the files; those that are held close when they are let go."""
        with self._lock:
            if self._closed:
                return
            self._closed = True
            idle = list(self._idle.values())
            self._idle.clear()
        self._closer.shutdown()
        until = monotonic() + CLOSE_S
        for handle in idle:
            if monotonic() > until:
                # What is in its write-ahead log is durable there.
                handle.connection.config(apsw.SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1)
            handle.connection.close()
        self._registry.close()

    def _taken(self, person: str) -> Handle | None:
        """Take a person's handle from those that are idle, unless another process has forgotten them."""
        with self._lock:
            handle = self._idle.pop(person, None)
        if handle is not None and not handle.path.exists():
            handle.connection.close()
            return None
        return handle

    def _give_back(self, handle: Handle) -> None:
        surplus = None
        with self._lock:
            if self._closed:
                surplus = handle
            else:
                self._idle[handle.person] = handle
                if len(self._idle) > self.handles_max:
                    _, surplus = self._idle.popitem(last=False)
        if surplus is not None and not self._beside(surplus.connection.close):
            surplus.connection.close()
        if surplus is not handle and handle.log.is_long and handle.person not in self.held:
            self._beside(partial(self._settle, handle.person))

    def _beside(self, work: Callable[[], None]) -> bool:
        """Have work done by a thread that may wait for the disk; False where it has enough, or has ended."""
        if not self._closing.acquire(blocking=False):
            return False
        try:
            done = self._closer.submit(work)
        except RuntimeError:  # the people are closed
            self._closing.release()
            return False
        done.add_done_callback(lambda _: self._closing.release())
        return True

    def _settle(self, person: str) -> None:
        self.held.add(person)
        try:
            with self._turns.hold(person):
                handle = self._taken(person)
                if handle is not None:
                    if handle.log.is_long:
                        handle.log.settle(handle.connection)
                    self._give_back(handle)
        finally:
            self.held.discard(person)

    def _opened(self, person: str, create: bool) -> Handle:
        file, key = self._found(person, create)
        path = person_file(self._folder, file)
        if not path.exists():
            with suppress(FileNotFoundError):
                draft_of(path).rename(path)
        if not path.exists():
            # Unless another process has forgotten them in between.
            if self._found(person, create)[0] == file:
                raise StoreCorrupt(f"{path} is missing; restore it from a backup, or forget the person")
            return self._opened(person, create)
        connection = connect(path, key)
        try:
            with translated(path):
                check(connection, path, person)
        except BaseException:
            connection.close()
            raise
        return Handle(connection, path, person, Log(connection))

    def _found(self, person: str, create: bool) -> tuple[str, bytes]:
        found = self._registry.find(person)
        if found is not None:
            return found
        if not create:
            raise UnknownPerson("no memory is kept of this person")
        return self._registry.add(person, lambda file, key: self._made(person, file, key))

    def _made(self, person: str, file: str, key: bytes) -> None:
        path = draft_of(person_file(self._folder, file))
        private_folder(path.parent)
        private_file(path)
        connection = connect(path, key)
        try:
            make(connection, path, person)
        finally:
            connection.close()
        for place in (path, path.parent):
            synced(place)

    def _destroy(self, file: str) -> None:
        path = person_file(self._folder, file)
        destroy(path)
        destroy(draft_of(path))
