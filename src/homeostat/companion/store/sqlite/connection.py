"""The connection: an encrypted SQLite file, opened with a raw key; errors of SQLite become the store's."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import apsw

from homeostat.core.errors import InputError, StoreBusy, StoreCorrupt, StoreError, StoreFull

CIPHER = "aegis"
BUSY_MS = 5_000
CACHE_KIB = 512
"""A search over 10,000 messages has a p95 of 1.8 ms with it, of 3 ms with a quarter."""

STATEMENTS = 48


def connect(path: Path, key: bytes) -> apsw.Connection:
    """Open a file that exists with its key. Raises what `translated` does."""
    with translated(path):
        connection = apsw.Connection(
            str(path), flags=apsw.SQLITE_OPEN_READWRITE, statementcachesize=STATEMENTS
        )
        try:
            connection.set_busy_timeout(BUSY_MS)
            connection.pragma("cipher", CIPHER)
            connection.execute(f"PRAGMA key = 'raw:{key.hex()}'").fetchall()
            connection.execute(
                f"PRAGMA cache_size = -{CACHE_KIB}; PRAGMA synchronous = NORMAL; PRAGMA secure_delete = ON;"
                " PRAGMA journal_size_limit = 0"
            ).fetchall()
            # The first page read tells whether the key is the file's.
            connection.execute("SELECT count(*) FROM sqlite_schema").fetchall()
        except BaseException:
            connection.close()
            raise
    return connection


@contextmanager
def translated(path: Path) -> Iterator[None]:
    """Raise the store's errors for those of SQLite: they name the file, and no words of anybody."""
    try:
        yield
    except (apsw.BusyError, apsw.LockedError):
        raise StoreBusy(f"{path} is being written by another process; try again") from None
    except (apsw.NotADBError, apsw.CorruptError):
        raise StoreCorrupt(
            f"{path} cannot be read with its key: it is damaged, or another file was put in its place; "
            "restore it from a backup"
        ) from None
    except (apsw.FullError, apsw.ReadOnlyError, apsw.PermissionsError) as error:
        raise StoreFull(f"{path} cannot be written ({error}): free some space, or check its owner") from None
    except UnicodeEncodeError as error:
        raise InputError(
            f"what is looked for has half of a surrogate pair at character {error.start}"
        ) from None
    except (apsw.CantOpenError, apsw.IOError) as error:
        raise StoreError(f"{path} cannot be opened or read ({error})") from None


@contextmanager
def transaction(connection: apsw.Connection, path: Path) -> Iterator[apsw.Connection]:
    """A writing transaction: all of it is kept, or none."""
    with translated(path):
        connection.execute("BEGIN IMMEDIATE")
        try:
            yield connection
            connection.execute("COMMIT")
        finally:
            if connection.in_transaction:
                connection.execute("ROLLBACK")


def scrub(connection: apsw.Connection, path: Path) -> None:
    """Bring the write-ahead log into the file and empty it: what was overwritten is in neither any more.

    Raises StoreBusy where a reader in another process keeps it from that.
    """
    with translated(path):
        ((busy, _, _),) = connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    if busy:
        raise StoreBusy(
            f"{path} is being read by another process, so what was removed is still in its log: "
            "remove it again"
        )
