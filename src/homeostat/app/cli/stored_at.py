"""The store that a command reads: it must be there already."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from homeostat.core.errors import InputError

if TYPE_CHECKING:
    from homeostat.core.query import Store


@contextmanager
def stored_at(address: str | None) -> "Iterator[Store]":
    """Open a store, the user's own by default. Raises InputError where there is none."""
    from homeostat.loop.settings import default_store
    from homeostat.store.open import open_store

    where = address or default_store()
    path = where.removeprefix("sqlite:///") if where.startswith("sqlite:///") else where
    if "://" not in path and not Path(path).is_file():
        raise InputError(f"there is no store at {path}; `homeostat run` makes one, --store names another")
    store = open_store(where)
    try:
        yield store
    finally:
        store.close()
