"""The connections of one process to one database: a few at a time, kept, replaced when they are lost."""

import contextlib
import os
import select
import threading
import time
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

import psycopg
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from homeostat.core.errors import ConfigError, StoreBusy, StoreError
from homeostat.store.address import StoreAddress
from homeostat.store.postgres.errors import translated

CONNECTIONS_MAX = 6
"""Transactions of one process at a time; further ones wait for their turn."""

_CONNECT_TIMEOUT_S = 5
_SETTINGS = (
    "SELECT set_config('lock_timeout', '10s', false), set_config('statement_timeout', '60s', false),"
    " set_config('idle_in_transaction_session_timeout', '30s', false),"
    " set_config('client_min_messages', 'warning', false), set_config('timezone', 'UTC', false)"
)
"""So that a node whose network is gone does not hold locks for ever."""

Answer = TypeVar("Answer")


class Connection(psycopg.Connection[tuple[Any, ...]]):
    """A connection on which no answer is waited for longer than `answer_timeout_s`; then it is closed."""

    answer_timeout_s = 30.0

    def wait(self, gen: Generator[Any, Any, Answer], *arguments: Any, **named: Any) -> Answer:
        """Wait for an answer. Raises psycopg.OperationalError where it takes too long."""
        try:
            return super().wait(_until(gen, time.monotonic() + self.answer_timeout_s), *arguments, **named)
        except _TooLate:
            self.close()
            raise psycopg.OperationalError(f"no answer within {self.answer_timeout_s:g} s") from None


class _TooLate(Exception):
    """An answer did not come in time."""


def _until(gen: Generator[Any, Any, Answer], deadline_s: float) -> Generator[Any, Any, Answer]:
    """Pass on what a generator waits for, and to it what is ready, until a monotonic time."""
    ready: Any = None
    while True:
        try:
            wanted = gen.send(ready)
        except StopIteration as end:
            answer: Answer = end.value
            return answer
        ready = yield wanted
        if not ready and time.monotonic() > deadline_s:
            raise _TooLate


class Connections:
    """Hands out transactions, up to `CONNECTIONS_MAX` at a time.

    Connections are opened when they are first needed and kept. One that was lost is noticed and replaced.
    Raises StoreBusy where no turn comes within `turn_timeout_s`, or no answer within `answer_timeout_s`.
    """

    def __init__(self, address: StoreAddress, answer_timeout_s: float, turn_timeout_s: float) -> None:
        assert address.url is not None
        self.address = address
        self._answer_timeout_s = answer_timeout_s
        self._turn_timeout_s = turn_timeout_s
        self._process = os.getpid()
        self._closed = False
        self._idle: list[Connection] = []
        self._idle_lock = threading.Lock()
        self._turns = threading.BoundedSemaphore(CONNECTIONS_MAX)
        try:
            parameters = conninfo_to_dict(address.url)
        except psycopg.Error:
            raise ConfigError(
                f"PostgreSQL's library cannot read the address {address}; escape signs in its password"
            ) from None
        ours: dict[str, Any] = {"connect_timeout": _CONNECT_TIMEOUT_S, "application_name": "homeostat"}
        self.conninfo = make_conninfo("", **{**ours, **parameters})

    def _check(self) -> None:
        if self._closed:
            raise StoreError(f"{self.address} is closed")
        if self._process != os.getpid():
            raise StoreError(
                f"{self.address} was opened by process {self._process}; open it again after a fork"
            )

    def _open(self) -> Connection:
        connection = Connection.connect(self.conninfo, autocommit=True)
        connection.answer_timeout_s = self._answer_timeout_s
        try:
            connection.execute(_SETTINGS)
        except BaseException:
            connection.close()
            raise
        return connection

    @contextmanager
    def outside(self) -> Iterator[Connection]:
        """A connection for this thread alone, outside of a transaction."""
        self._check()
        if not self._turns.acquire(timeout=self._turn_timeout_s):
            raise StoreBusy(
                f"{self.address}: all {CONNECTIONS_MAX} connections of this process were in use for"
                f" {self._turn_timeout_s:g} s; trying again helps"
            )
        try:
            with translated(self.address):
                connection = self._taken() or self._open()
                try:
                    yield connection
                finally:
                    self._give_back(connection)
        finally:
            self._turns.release()

    @contextmanager
    def transaction(self, begin: str = "BEGIN") -> Iterator[Connection]:
        """A transaction, kept whole or not at all; by default it sees what is committed meanwhile."""
        with self.outside() as connection:
            connection.execute(begin)
            try:
                yield connection
            except BaseException:
                with contextlib.suppress(psycopg.Error):
                    connection.execute("ROLLBACK")
                raise
            connection.execute("COMMIT")

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """A transaction that sees one state of the database throughout."""
        with self.transaction("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY") as connection:
            yield connection

    def _taken(self) -> Connection | None:
        """Return an idle connection that is still alive."""
        while True:
            with self._idle_lock:
                if not self._idle:
                    return None
                connection = self._idle.pop()
            if not connection.closed and not _has_something_to_say(connection):
                return connection
            connection.close()

    def _give_back(self, connection: Connection) -> None:
        usable = connection.info.transaction_status == psycopg.pq.TransactionStatus.IDLE
        with self._idle_lock:
            if usable and not self._closed:
                self._idle.append(connection)
                return
        connection.close()

    def close(self) -> None:
        """Close all connections; those in use when they are given back."""
        with self._idle_lock:
            self._closed = True
            idle, self._idle = self._idle, []
        if self._process != os.getpid():
            return  # they are the parent's: closing them here would end its sessions
        for connection in idle:
            connection.close()


def _has_something_to_say(connection: Connection) -> bool:
    """Tell whether a server spoke without being asked: of a connection that it ended, the end can be read."""
    # Not select(), which refuses files beyond its 1,024th.
    poll = select.poll()
    poll.register(connection.pgconn.socket, select.POLLIN)
    return bool(poll.poll(0))
