"""Opening the people of a store by its address."""

import os
from collections.abc import Mapping
from pathlib import Path

from homeostat.companion.store.keys import MasterKey, master_key_at
from homeostat.companion.store.people import People
from homeostat.core.errors import ConfigError
from homeostat.store.address import StoreAddress


def people_at(
    address: Path | str | StoreAddress,
    master: MasterKey | None = None,
    *,
    environment: Mapping[str, str] = os.environ,
) -> People:
    """Open the people in a folder, which is made if need be, or in a PostgreSQL database.

    In a folder each person is one encrypted file; without a `master` key, the environment's
    HOMEOSTAT_COMPANION_KEY is taken, else the folder's. Raises ConfigError for an address or key that cannot
    be used, NotAvailable where a library is missing, StoreError where the store cannot be used.
    """
    where = StoreAddress.of(address)
    if where.url is not None:
        from homeostat.companion.store.postgres.people import PostgresPeople

        return PostgresPeople(where)
    if where.file is None:
        raise ConfigError(f"{where} cannot keep people: give a folder or a PostgreSQL address")
    from homeostat.companion.store.sqlite.library import library

    library()
    from homeostat.companion.store.sqlite.people import SqlitePeople
    from homeostat.companion.store.sqlite.places import private_folder

    folder = private_folder(where.file)
    return SqlitePeople(folder, master or master_key_at(folder, environment))
