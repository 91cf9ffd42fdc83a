"""Files, Redis and the companion's cabinets are shelves, and keep the contract of shared state."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from homeostat.companion.access.opening import cabinet_at
from homeostat.companion.access.sqlite_cabinet import SqliteCabinet
from homeostat.core.errors import InputError
from homeostat.runtime.state import SharedState
from homeostat.runtime.state.in_file import FileShelf
from homeostat.runtime.state.on_redis import RedisShelf
from homeostat.runtime.state.shared_state import DOCUMENTS_MAX
from homeostat.runtime.state.shelf import Shelf
from homeostat.testing.bare_host import BareHost
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


class Full:
    """A shelf in memory with as many documents as a state may have."""

    def __init__(self) -> None:
        self.blobs = {f"{n:04}": b"\x80" for n in range(DOCUMENTS_MAX)}

    def list(self, kind: str, after: str, limit: int) -> dict[str, bytes]:
        return dict(list(self.blobs.items())[:limit])

    def swap(self, kind: str, name: str, before: bytes | None, after: bytes) -> bool:
        self.blobs[name] = after
        return True


def test_a_state_that_is_full_takes_no_new_document_and_goes_on_with_those_it_has() -> None:
    shelf = Full()
    state = SharedState(BareHost(), shelf, "plan")
    with pytest.raises(InputError, match="'plan' has 1000 documents already: use a store"):
        state.put("another", {"a": 1})
    assert "another" not in shelf.blobs
    assert state.put("0000", {"a": 1}, state.get("0000")).version == 1
    state.synchronise()
    assert len(state.view().documents) == DOCUMENTS_MAX
