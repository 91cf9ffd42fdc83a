"""Opening the cabinet: in the database that keeps the people, else in a file of its own."""

from pathlib import Path

from homeostat.companion.access.cabinet import Cabinet
from homeostat.companion.access.sqlite_cabinet import SqliteCabinet
from homeostat.store.address import StoreAddress


def cabinet_at(people: "StoreAddress | Path | str", file: Path) -> Cabinet:
    """Open the cabinet beside the people at an address; `file` is for people in a folder."""
    address = StoreAddress.of(people)
    if address.url is None:
        return SqliteCabinet(file)
    from homeostat.companion.access.postgres_cabinet import PostgresCabinet

    return PostgresCabinet(address)
