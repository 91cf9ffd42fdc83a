"""Both cabinets keep the contract."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from homeostat.companion.access.cabinet import Cabinet
from homeostat.companion.access.opening import cabinet_at
from homeostat.companion.access.postgres_cabinet import PostgresCabinet
from homeostat.companion.access.sqlite_cabinet import SqliteCabinet
from homeostat.testing.cabinet_contract import CabinetContract
from homeostat.testing.people_database import people_database


class TestSqliteCabinet(CabinetContract):
    """In a file."""

    @pytest.fixture
    def cabinets(self, tmp_path: Path) -> Iterator[tuple[Cabinet, Cabinet]]:
        """Return one file, opened twice."""
        one, other = (cabinet_at(tmp_path / "people", tmp_path / "access.db") for _ in range(2))
        assert isinstance(one, SqliteCabinet)
        yield one, other
        one.close()
        other.close()


class TestPostgresCabinet(CabinetContract):
    """In the database of the people."""

    @pytest.fixture
    def cabinets(self, postgres_url: str, tmp_path: Path) -> Iterator[tuple[Cabinet, Cabinet]]:
        """Return one database, as the application reaches it, opened twice."""
        with people_database(postgres_url) as database:
            one, other = (cabinet_at(database.application, tmp_path / "access.db") for _ in range(2))
            assert isinstance(one, PostgresCabinet)
            yield one, other
            one.close()
            other.close()
