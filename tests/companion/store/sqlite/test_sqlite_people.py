"""The embedded store keeps the contract of people."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from homeostat.companion.store.keys import MasterKey
from homeostat.companion.store.sqlite.people import SqlitePeople
from homeostat.testing.people_contract import PeopleContract

MASTER = MasterKey(bytes(32))


class TestSqlitePeople(PeopleContract):
    """In a folder of one's own."""

    @pytest.fixture
    def people(self, tmp_path: Path) -> Iterator[SqlitePeople]:
        """Return a store with nobody in it."""
        people = SqlitePeople(tmp_path, MASTER)
        yield people
        people.close()
