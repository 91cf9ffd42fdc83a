"""Opening a store by its address."""

from pathlib import Path
from urllib.parse import unquote, urlsplit

from homeostat.core.errors import ConfigError
from homeostat.core.query import Retention
from homeostat.store.sqlite.connections import MEMORY
from homeostat.store.sqlite.store import SqliteStore


def open_store(address: Path | str, retention: Retention | None = None) -> SqliteStore:
    """Open the store at a path, `sqlite:///path`, or `:memory:`; the file is made if need be.

    Raises ConfigError for an address that this version cannot use, StoreError if the file cannot be used.

    >>> open_store("postgresql://db.example/homeostat")
    Traceback (most recent call last):
    homeostat.core.errors.ConfigError: PostgreSQL is not supported by this version; give a path, or sqlite:///path
    """
    if isinstance(address, Path) or address == MEMORY:
        return SqliteStore(address, retention)
    if "://" not in address:
        if not address.strip():
            raise ConfigError("the store's address is empty; give a path, or sqlite:///path")
        return SqliteStore(Path(address).expanduser(), retention)
    url = urlsplit(address)
    if url.scheme in ("postgresql", "postgres"):
        raise ConfigError("PostgreSQL is not supported by this version; give a path, or sqlite:///path")
    if url.scheme != "sqlite":
        raise ConfigError(f"no store has the scheme {url.scheme!r}; give a path, or sqlite:///path")
    if url.netloc or url.query or url.fragment:
        raise ConfigError(f"{address!r} has more than a path; an SQLite address is sqlite:///path")
    path = unquote(url.path)
    # As is customary, three slashes begin a relative path and four an absolute one.
    name = path[1:]
    if name == MEMORY:
        return SqliteStore(MEMORY, retention)
    if not name:
        raise ConfigError(f"{address!r} names no file; an SQLite address is sqlite:///path")
    return SqliteStore(Path(name), retention)
