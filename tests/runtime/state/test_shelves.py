"""Files, Redis and the companion's cabinets are shelves, and keep the contract of shared state."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from homeostat.companion.access.opening import cabinet_at
from homeostat.companion.access.sqlite_cabinet import SqliteCabinet
from homeostat.runtime.state.in_file import FileShelf
from homeostat.runtime.state.on_redis import RedisShelf
from homeostat.runtime.state.shelf import Shelf
from homeostat.testing.people_database import people_database
from homeostat.testing.shelf_contract import ShelfContract


class TestFile(ShelfContract):
    @pytest.fixture
    def shelf(self, tmp_path: Path) -> Iterator[Shelf]:
        shelf = FileShelf(tmp_path / "state.db")
        yield shelf
        shelf.close()


class TestRedis(ShelfContract):
    @pytest.fixture
    def shelf(self, redis_url: str) -> Iterator[Shelf]:
        shelf = RedisShelf(redis_url)
        yield shelf
        shelf.close()


class TestCabinetInAFile(ShelfContract):
    @pytest.fixture
    def shelf(self, tmp_path: Path) -> Iterator[Shelf]:
        cabinet = SqliteCabinet(tmp_path / "access.db")
        yield cabinet
        cabinet.close()


class TestCabinetInPostgres(ShelfContract):
    @pytest.fixture
    def shelf(self, postgres_url: str, tmp_path: Path) -> Iterator[Shelf]:
        with people_database(postgres_url) as database:
            cabinet = cabinet_at(database.application, tmp_path / "access.db")
            yield cabinet.drawers
            cabinet.close()
