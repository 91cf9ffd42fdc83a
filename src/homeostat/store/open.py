"""Opening a store by its address."""

from pathlib import Path
from typing import TYPE_CHECKING

from homeostat.core.errors import ConfigError
from homeostat.core.query import Retention
from homeostat.store.address import MEMORY, StoreAddress
from homeostat.store.sqlite.store import SqliteStore

if TYPE_CHECKING:
    from homeostat.store.postgres.store import PostgresStore


def open_store(
    address: Path | str | StoreAddress, retention: Retention | None = None
) -> "SqliteStore | PostgresStore":
    """Open the store at a path, `sqlite:///path`, `:memory:`, or `postgresql://user:password@host/database`.

    A file is made if need be, and the schema of either is brought up to date. Raises ConfigError for an
    address that cannot be used or a library that is missing, StoreError if the store cannot be used.
    """
    where = StoreAddress.of(address)
    if where.url is not None:
        return _open_postgres(where, retention)
    return SqliteStore(where.file or MEMORY, retention)


def _open_postgres(address: StoreAddress, retention: Retention | None) -> "PostgresStore":
    try:
        import psycopg  # noqa: F401 - to tell that it is missing from whatever else may be
    except ImportError as error:
        raise ConfigError(
            f"{address} needs psycopg ({error}); install it with: pip install 'homeostat[postgres]'"
        ) from None
    from homeostat.store.postgres.store import PostgresStore

    return PostgresStore(address, retention)
