"""A lease on a file."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from homeostat.core.lease import Lease, Leases
from homeostat.store.sqlite.file_lease import FileLease
from homeostat.store.sqlite.store import SqliteStore
from homeostat.testing.faults.victim import Victim
from homeostat.testing.forked import forked
from homeostat.testing.lease_contract import LeaseContract

HOLDER = """
import sys, time
from pathlib import Path
from homeostat.store.sqlite.file_lease import FileLease
lease = FileLease(Path(sys.argv[1]))
assert lease.held()
print("held", flush=True)
time.sleep(60)
"""


class TestFileLease(LeaseContract):
    @pytest.fixture
    def open_place(self, tmp_path: Path) -> Iterator[Callable[[], Leases]]:
        opened: list[SqliteStore] = []

        def open_place() -> SqliteStore:
            opened.append(SqliteStore(tmp_path / "h.db"))
            return opened[-1]

        yield open_place
        for store in opened:
            store.close()


def test_a_store_in_memory_is_nobody_elses() -> None:
    with SqliteStore(":memory:") as store:
        assert store.lease("duties").held()
        assert store.file is None


def test_no_file_is_left_anywhere_but_beside_the_store(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "data").mkdir()
    with SqliteStore(tmp_path / "data" / "h.db") as store:
        lease = store.lease("loop.shop")
        assert lease.held()
        lease.release()
    assert [path.name for path in tmp_path.iterdir()] == ["data"]


def test_a_holder_that_is_killed_has_it_no_more(tmp_path: Path) -> None:
    with Victim(["-c", HOLDER, str(tmp_path / "lease")]) as victim:
        victim.wait_for_lines(1)
        lease = FileLease(tmp_path / "lease")
        assert not lease.held()
        victim.kill()
        assert lease.held()
        lease.release()


def test_a_child_that_lets_go_leaves_its_parent_the_lease(tmp_path: Path) -> None:
    mine: Lease = FileLease(tmp_path / "lease")
    assert mine.held()
    assert forked(mine.release) == 0
    assert not FileLease(tmp_path / "lease").held()
    mine.release()


def test_a_folder_that_cannot_be_written_is_a_lease_that_is_not_held(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    assert not FileLease(tmp_path / "file" / "lease").held()
