"""The lease in a database: an advisory lock, which the server takes back when its holder dies or stalls."""

import hashlib
import os
from contextlib import suppress

import psycopg

from homeostat.store.postgres.connections import Connection

STALLED_S = 4
"""A holder that the server has not heard of for so long has lost it: its machine is gone, or it hangs."""

ANSWER_TIMEOUT_S = 1.5
CONNECT_TIMEOUT_S = 2


class PostgresLease:
    """An advisory lock that lives as long as its own connection.

    `held` asks the server, so that one whose connection was lost knows it before it acts. Call it at least
    once a second: after `STALLED_S` of silence the server ends the connection and others may have the lease;
    a holder that slept finds out at its next `held`. Guarantee: two never hold it at one time by the
    server's account; what a holder does within the moment after `held` said so is not covered, which is why
    it should be asked right before anything that matters. Needs PostgreSQL 14 for `STALLED_S`; before, a
    machine that is gone is noticed by TCP within some 5 s, and one that hangs is not.
    """

    def __init__(self, conninfo: str, name: str) -> None:
        digest = hashlib.sha256(f"homeostat lease {name}".encode()).digest()
        self._key = int.from_bytes(digest[:8], "big", signed=True)
        self._conninfo = conninfo
        self._connection: Connection | None = None
        self._parents: Connection | None = None
        self._process = os.getpid()
        self._has_it = False

    def held(self) -> bool:
        """Try to hold it, and tell whether this process does. False while the server cannot be asked."""
        try:
            connection = self._connected()
            if self._has_it:
                connection.execute("SELECT 1")
                return True
            row = connection.execute("SELECT pg_try_advisory_lock(%s)", (self._key,)).fetchone()
        except psycopg.Error:
            self.release()
            return False
        self._has_it = row == (True,)
        return self._has_it

    def release(self) -> None:
        """Give it up. A forked child that does so leaves its parent's as it is."""
        connection, had, self._connection, self._has_it = self._connection, self._has_it, None, False
        if self._process != os.getpid():
            self._process, self._parents = os.getpid(), connection
        elif connection is not None:
            if had and not connection.closed:
                # The server notices a closed connection some moments later, and others wait until then.
                with suppress(psycopg.Error):
                    connection.execute("SELECT pg_advisory_unlock(%s)", (self._key,))
            connection.close()

    def _connected(self) -> Connection:
        if self._connection is None:
            connection = Connection.connect(
                self._conninfo,
                autocommit=True,
                connect_timeout=CONNECT_TIMEOUT_S,
                keepalives_idle=2,
                keepalives_interval=1,
                keepalives_count=3,
            )
            self._connection = connection
            connection.answer_timeout_s = ANSWER_TIMEOUT_S
            connection.execute(
                "SELECT set_config(name, value, false) FROM (VALUES ('idle_session_timeout', %s),"
                " ('tcp_keepalives_idle', '2'), ('tcp_keepalives_interval', '1'),"
                " ('tcp_keepalives_count', '3'), ('statement_timeout', '2s')) AS wanted (name, value)"
                " WHERE name IN (SELECT name FROM pg_settings)",
                (f"{STALLED_S}s",),
            )
        return self._connection
