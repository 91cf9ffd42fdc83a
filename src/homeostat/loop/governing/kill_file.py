"""The kill file: while it is there, all knobs of an application have their defaults."""

from pathlib import Path

from homeostat.core.query import Store
from homeostat.loop.settings import default_store
from homeostat.store.address import StoreAddress
from homeostat.store.sqlite.store import SqliteStore

SUFFIX = ".restore"


def kill_file(store: Store | str, service: str) -> Path:
    """Return the file that is the kill switch of an application, by its store or the address of that.

    Of a store that is a file, it is beside it: `<store>.restore`. Of a database or of memory it is on each of
    the application's machines, where the default store would be: `<service>.restore`.
    """
    if isinstance(store, str):
        file = StoreAddress.of(store).file
    else:
        file = store.file if isinstance(store, SqliteStore) else None
    if file is not None:
        return file.with_name(file.name + SUFFIX)
    name = "".join(c if c.isalnum() or c in "-_" else "_" for c in service) or "service"
    return Path(default_store()).with_name(name + SUFFIX)
