"""The schema moves on by steps, once each, whole or not at all."""

import sqlite3
from pathlib import Path

import pytest

from homeostat.core.batch import Batch
from homeostat.core.clock import DAY_NS
from homeostat.core.errors import StoreError
from homeostat.core.query import TotalQuery
from homeostat.store.open import open_store
from homeostat.store.sqlite.schema import STEPS, Step, migrate
from homeostat.testing.store_contract import LATENCY, T0, point

NEXT: Step = (
    "ALTER TABLE traces ADD COLUMN starred INTEGER NOT NULL DEFAULT 0",
    "CREATE INDEX traces_starred ON traces (starred) WHERE starred",
)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    with open_store(tmp_path / "h.db") as store:
        store.write(Batch(points=(point(LATENCY, T0, [1.0]),)))
    return tmp_path / "h.db"


def version(path: Path) -> int:
    connection = sqlite3.connect(path)
    try:
        (found,) = connection.execute("PRAGMA user_version").fetchone()
        return int(found)
    finally:
        connection.close()


def test_an_empty_file_takes_all_steps_and_a_current_one_none(path: Path, tmp_path: Path) -> None:
    (tmp_path / "empty.db").touch()
    for name, expected in (("empty.db", len(STEPS)), ("h.db", 0)):
        connection = sqlite3.connect(tmp_path / name, isolation_level=None)
        assert migrate(connection, name) == expected
        connection.close()
        assert version(tmp_path / name) == len(STEPS)


def test_an_older_file_keeps_what_it_holds_when_it_takes_a_step(path: Path) -> None:
    connection = sqlite3.connect(path, isolation_level=None)
    assert migrate(connection, str(path), (*STEPS, NEXT)) == 1
    assert connection.execute("SELECT count(*) FROM segments").fetchone() == (1,)
    assert connection.execute("SELECT starred FROM traces").fetchall() == []
    connection.close()
    assert version(path) == len(STEPS) + 1


def test_a_step_that_fails_leaves_the_file_as_it_was(path: Path) -> None:
    connection = sqlite3.connect(path, isolation_level=None)
    with pytest.raises(sqlite3.OperationalError):
        migrate(connection, str(path), (*STEPS, (*NEXT, "CREATE TABLE series (id)")))
    connection.close()
    with open_store(path) as store:
        assert store.read(TotalQuery(T0, T0 + DAY_NS))[LATENCY].moments.count == 1


def test_a_file_of_a_newer_version_is_refused_with_both_versions_named(path: Path) -> None:
    connection = sqlite3.connect(path, isolation_level=None)
    migrate(connection, str(path), (*STEPS, NEXT))
    connection.close()
    with pytest.raises(StoreError, match=rf"schema {len(STEPS) + 1}.*up to {len(STEPS)}"):
        open_store(path)
