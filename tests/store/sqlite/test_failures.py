"""A disk that is full or read-only, a file that is locked, damaged, foreign or too new."""

import os
import shutil
import sqlite3
import stat
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from homeostat.core.batch import Batch
from homeostat.core.clock import DAY_NS
from homeostat.core.errors import StoreBusy, StoreCorrupt, StoreError, StoreFull
from homeostat.core.query import FrameQuery, SizeQuery, TotalQuery, TraceQuery
from homeostat.store.open import open_store
from homeostat.store.sqlite.store import SqliteStore
from homeostat.testing.faults.disk import files_at_most
from homeostat.testing.store_contract import LATENCY, T0, point, span

BATCH = Batch(points=(point(LATENCY, T0, [1.0, 2.0]),), spans=(span(1, 1),))
WINDOW = (T0, T0 + DAY_NS)


@contextmanager
def without_privileges() -> Iterator[None]:
    """Be a user whom file permissions bind."""
    if os.geteuid() != 0:
        yield
        return
    os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(0)


def test_a_full_disk_is_store_full_and_what_was_kept_stays(tmp_path: Path) -> None:
    with open_store(tmp_path / "h.db") as store:
        kept = 0
        with files_at_most(512 * 1024):
            with pytest.raises(StoreFull, match=r"h\.db cannot .* disk"):  # noqa: PT012 - when is the disk's choice
                for n in range(100_000):
                    store.write(Batch(spans=tuple(span(n * 20 + i + 1, 1) for i in range(20))))
                    kept += 20
            assert kept > 0
            assert store.read(SizeQuery()).spans == kept
        store.write(Batch(spans=(span(9_999_999, 1),)))
        assert store.read(SizeQuery()).spans == kept + 1


def test_a_read_only_file_is_store_full() -> None:
    directory = Path(tempfile.mkdtemp())
    try:
        path = directory / "h.db"
        with open_store(path) as store:
            store.write(BATCH)
        path.chmod(0o444)
        directory.chmod(0o555)
        with without_privileges(), pytest.raises(StoreFull, match="writable"):
            open_store(path).write(BATCH)
        with without_privileges(), pytest.raises(StoreFull, match="writable"):
            open_store(directory / "new" / "h.db")
    finally:
        directory.chmod(0o755)
        shutil.rmtree(directory)


def test_a_file_locked_by_another_process_is_store_busy_but_can_be_read(tmp_path: Path) -> None:
    path = tmp_path / "h.db"
    with SqliteStore(path, busy_timeout_s=0.05) as store:
        store.write(BATCH)
        other = sqlite3.connect(path, isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        for work in (lambda: store.write(BATCH), lambda: store.maintain(T0)):
            with pytest.raises(StoreBusy, match="another process"):
                work()
        assert store.read(TotalQuery(*WINDOW))[LATENCY].moments.count == 2
        other.close()
        store.write(BATCH)
        assert store.read(TotalQuery(*WINDOW))[LATENCY].moments.count == 4


def test_bytes_that_are_no_database_are_store_corrupt_and_the_message_says_what_to_do(tmp_path: Path) -> None:
    path = tmp_path / "h.db"
    path.write_bytes(b"no database at all " * 1000)
    with pytest.raises(StoreCorrupt, match=r"mv .*damaged"):
        open_store(path)


def test_overwritten_pages_are_store_corrupt(tmp_path: Path) -> None:
    path = tmp_path / "h.db"
    with open_store(path) as store:
        store.write(Batch(spans=tuple(span(n, 1) for n in range(1, 2_000))))
    content = bytearray(path.read_bytes())
    half = len(content) // 2
    content[16_384:half] = os.urandom(half - 16_384)
    path.write_bytes(content)
    with open_store(path) as store, pytest.raises(StoreCorrupt):
        store.read(TraceQuery((1).to_bytes(16, "big")))


@pytest.mark.parametrize(
    "change", ["rows = x'00'", "bins = x'00'", "rows = zeroblob(length(rows)), packed = 1"]
)
def test_a_damaged_blob_is_store_corrupt(tmp_path: Path, change: str) -> None:
    path = tmp_path / "h.db"
    with open_store(path) as store:
        store.write(BATCH)
        with sqlite3.connect(path) as other:
            other.execute(f"UPDATE segments SET {change}")
        other.close()
        with pytest.raises(StoreCorrupt):
            store.read(TotalQuery(*WINDOW))
        with pytest.raises(StoreCorrupt):
            store.maintain(T0 + DAY_NS)


def test_the_file_of_another_application_is_refused_and_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "notes.db"
    with sqlite3.connect(path) as other:
        other.execute("CREATE TABLE notes (text)")
    other.close()
    before = path.read_bytes()
    with pytest.raises(StoreError, match="another application"):
        open_store(path)
    assert path.read_bytes() == before


def test_a_closed_store_says_so(tmp_path: Path) -> None:
    store = open_store(tmp_path / "h.db")
    store.close()
    store.close()
    with pytest.raises(StoreError, match="is closed"):
        store.write(BATCH)
    with pytest.raises(StoreError, match="is closed"):
        store.read(FrameQuery(*WINDOW, DAY_NS))


def test_only_the_owner_can_read_what_is_kept(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "down" / "h.db"
    with open_store(path) as store:
        store.write(BATCH)
        for file in path.parent.iterdir():
            assert stat.S_IMODE(file.stat().st_mode) == 0o600
        for directory in (path.parent, path.parent.parent):
            assert stat.S_IMODE(directory.stat().st_mode) == 0o700
