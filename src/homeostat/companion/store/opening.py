"""Opening the people of a store by its address."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from homeostat.companion.store.keys import (
    KEY_FILE_VARIABLE,
    KEY_VARIABLE,
    MasterKey,
    given_key,
    master_key_at,
)
from homeostat.core.errors import ConfigError, NotAvailable
from homeostat.store.address import StoreAddress

if TYPE_CHECKING:
    from homeostat.companion.store.postgres.people import PostgresPeople
    from homeostat.companion.store.sqlite.people import SqlitePeople


def people_at(
    address: Path | str | StoreAddress,
    master: MasterKey | None = None,
    *,
    environment: Mapping[str, str] = os.environ,
) -> "SqlitePeople | PostgresPeople":
    """Open the people in a folder, which is made if need be, or in a PostgreSQL database.

    In a folder each person is one encrypted file. Without a `master` key, the environment's is taken, else
    the folder's. Raises ConfigError for an address or key that cannot be used, NotAvailable where a library
    is missing, StoreError where the store cannot be used.
    """
    where = StoreAddress.of(address)
    if where.url is not None:
        master = master or given_key(environment)
        if master is None:
            raise ConfigError(
                f"the people in {where} need a master key: set {KEY_VARIABLE} or {KEY_FILE_VARIABLE}"
            )
        try:
            from homeostat.companion.store.postgres.people import PostgresPeople
        except ModuleNotFoundError as error:
            raise NotAvailable(
                f"the people in {where} need {error.name}: pip install 'homeostat[companion,postgres]'"
            ) from None
        return PostgresPeople(where, master)
    if where.file is None:
        raise ConfigError(f"{where} cannot keep people: give a folder or a PostgreSQL address")
    from homeostat.companion.store.sqlite.library import library

    library()
    from homeostat.companion.store.sqlite.people import SqlitePeople
    from homeostat.companion.store.sqlite.places import private_folder

    folder = private_folder(where.file)
    return SqlitePeople(folder, master or master_key_at(folder, environment))
