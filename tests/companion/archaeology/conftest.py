"""A person's memory in an encrypted file."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from homeostat.companion.store.keys import MasterKey
from homeostat.companion.store.people import Memory
from homeostat.companion.store.sqlite.people import SqlitePeople
from homeostat.companion.store.sqlite.places import private_folder


@pytest.fixture
def memory(tmp_path: Path) -> Iterator[Memory]:
    """An empty memory."""
    people = SqlitePeople(private_folder(tmp_path / "people"), MasterKey(bytes(32)))
    with people.open("ann", create=True) as memory:
        yield memory
