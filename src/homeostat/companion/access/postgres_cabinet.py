"""The cabinet in the PostgreSQL database that keeps the people, for all servers before it."""

from collections.abc import Callable, Mapping

from homeostat.companion.access.cabinet import START, Link
from homeostat.companion.store.postgres.schema import SCHEMA
from homeostat.store.address import StoreAddress
from homeostat.store.postgres.connections import Connection, Connections

TIMEOUT_S = 10.0
LOCK = 0x41554449  # "AUDI"

_GET = f"SELECT blob FROM {SCHEMA}.blobs WHERE kind = %s AND name = %s"  # noqa: S608
_PUT = (
    f"INSERT INTO {SCHEMA}.blobs VALUES (%s, %s, %s)"  # noqa: S608
    " ON CONFLICT (kind, name) DO UPDATE SET blob = excluded.blob"
)
_PUT_NEW = f"INSERT INTO {SCHEMA}.blobs VALUES (%s, %s, %s) ON CONFLICT (kind, name) DO NOTHING"  # noqa: S608
_SWAP = f"UPDATE {SCHEMA}.blobs SET blob = %s WHERE kind = %s AND name = %s AND blob = %s"  # noqa: S608
_REMOVE = f"DELETE FROM {SCHEMA}.blobs WHERE kind = %s AND name = %s"  # noqa: S608
_LIST = f"SELECT name, blob FROM {SCHEMA}.blobs WHERE kind = %s AND name > %s ORDER BY name LIMIT %s"  # noqa: S608
_LAST = f"SELECT number, entry, digest FROM {SCHEMA}.links ORDER BY number DESC LIMIT 1"  # noqa: S608
_ADD = f"INSERT INTO {SCHEMA}.links VALUES (%s, %s, %s)"  # noqa: S608
_READ = f"SELECT number, entry, digest FROM {SCHEMA}.links WHERE number > %s ORDER BY number LIMIT %s"  # noqa: S608
_OLD = f"SELECT number, digest FROM {SCHEMA}.links WHERE number <= %s ORDER BY number DESC LIMIT 1"  # noqa: S608
_DROP = f"DELETE FROM {SCHEMA}.links WHERE number <= %s"  # noqa: S608
_ANCHOR = f"SELECT number, digest FROM {SCHEMA}.anchor"  # noqa: S608
_ANCHORED = (
    f"INSERT INTO {SCHEMA}.anchor VALUES (true, %s, %s)"  # noqa: S608
    " ON CONFLICT (one) DO UPDATE SET number = excluded.number, digest = excluded.digest"
)


class PostgresCabinet:
    """Tables beside those of the people, which their owner has prepared."""

    def __init__(self, address: StoreAddress) -> None:
        self.connections = Connections(address, TIMEOUT_S, TIMEOUT_S)

    @property
    def drawers(self) -> "PostgresCabinet":
        """The blobs."""
        return self

    @property
    def trail(self) -> "PostgresTrail":
        """The links."""
        return PostgresTrail(self.connections)

    def get(self, kind: str, name: str) -> bytes | None:
        """Return what was put last."""
        with self.connections.transaction() as connection:
            row = connection.execute(_GET, (kind, name)).fetchone()
        return None if row is None else bytes(row[0])

    def put(self, kind: str, blobs: Mapping[str, bytes | None]) -> None:
        """Put several at once; None removes."""
        with self.connections.transaction() as connection:
            for name, blob in blobs.items():
                if blob is None:
                    connection.execute(_REMOVE, (kind, name))
                else:
                    connection.execute(_PUT, (kind, name, blob))

    def swap(self, kind: str, name: str, before: bytes | None, after: bytes) -> bool:
        """Put a blob in place of another one."""
        with self.connections.transaction() as connection:
            if before is None:
                put = connection.execute(_PUT_NEW, (kind, name, after))
            else:
                put = connection.execute(_SWAP, (after, kind, name, before))
            return put.rowcount == 1

    def list(self, kind: str, after: str, limit: int) -> dict[str, bytes]:
        """Return up to `limit` of a kind that follow `after`."""
        with self.connections.transaction() as connection:
            rows = connection.execute(_LIST, (kind, after, limit)).fetchall()
        return {name: bytes(blob) for name, blob in rows}

    def close(self) -> None:
        """Close the connections."""
        self.connections.close()


class PostgresTrail:
    """The links in the same database."""

    def __init__(self, connections: Connections) -> None:
        self._connections = connections

    def append(self, next_of: Callable[[Link], Link], kept_max: int) -> Link:
        """Add the link that follows the last one."""
        with self._connections.transaction() as connection:
            connection.execute("SELECT pg_advisory_xact_lock(%s)", (LOCK,))
            link = next_of(_last(connection))
            connection.execute(_ADD, (link.number, link.entry, link.digest))
            old = connection.execute(_OLD, (link.number - kept_max,)).fetchone()
            if old is not None:
                connection.execute(_ANCHORED, old)
                connection.execute(_DROP, (old[0],))
        return link

    def read(self, after: int, limit: int) -> list[Link]:
        """Return up to `limit` links whose number is above `after`."""
        with self._connections.transaction() as connection:
            rows = connection.execute(_READ, (after, limit)).fetchall()
        return [Link(number, bytes(entry), bytes(digest)) for number, entry, digest in rows]

    def ends(self) -> tuple[Link, Link]:
        """Return the last link that was dropped, and the newest."""
        with self._connections.transaction() as connection:
            return _anchor(connection), _last(connection)


def _last(connection: Connection) -> Link:
    row = connection.execute(_LAST).fetchone()
    return Link(row[0], bytes(row[1]), bytes(row[2])) if row else _anchor(connection)


def _anchor(connection: Connection) -> Link:
    row = connection.execute(_ANCHOR).fetchone()
    return Link(row[0], b"", bytes(row[1])) if row else START
