"""Claims about the audit: nobody changes it unseen, and it does not grow for ever."""

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from homeostat.companion.access.audit import Act, Audit
from homeostat.companion.access.sqlite_cabinet import SqliteCabinet
from homeostat.core.errors import StoreCorrupt
from homeostat.testing.clock import ManualClock


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "access.db"


@pytest.fixture
def cabinet(path: Path) -> Iterator[SqliteCabinet]:
    cabinet = SqliteCabinet(path)
    yield cabinet
    cabinet.close()


def audit_of(cabinet: SqliteCabinet, kept_max: int = 1_000) -> Audit:
    return Audit(cabinet.trail, b"key", ManualClock(), kept_max)


def test_entries_come_back_in_their_order(cabinet: SqliteCabinet) -> None:
    audit = audit_of(cabinet)
    numbers = [audit.note(Act.EXPORTED, "t", person="ann", about=str(n)) for n in range(5)]
    assert numbers == [1, 2, 3, 4, 5]
    assert [(number, e.about) for number, e in audit.entries(2, 2)] == [(3, "2"), (4, "3")]
    assert audit.verify().number == 5


@pytest.mark.parametrize(
    "tampering",
    [
        "UPDATE links SET entry = CAST(replace(entry, 'exported', 'imported') AS BLOB) WHERE number = 3",
        "DELETE FROM links WHERE number = 3",
        "DELETE FROM links WHERE number = 1",
        "UPDATE links SET number = 30 WHERE number = 3",
        "UPDATE links SET digest = (SELECT digest FROM links WHERE number = 2) WHERE number = 3",
        "INSERT INTO links SELECT 6, entry, digest FROM links WHERE number = 5",
        "INSERT INTO anchor SELECT 1, number, digest FROM links WHERE number = 3",
    ],
)
def test_whatever_is_changed_breaks_the_chain(cabinet: SqliteCabinet, path: Path, tampering: str) -> None:
    audit = audit_of(cabinet)
    for number in range(5):
        audit.note(Act.EXPORTED, "t", about=str(number))
    with sqlite3.connect(path) as connection:
        assert connection.execute(tampering).rowcount
    with pytest.raises(StoreCorrupt, match="changed at entry"):
        audit.verify()


def test_a_chain_that_was_made_with_another_key_does_not_hold(cabinet: SqliteCabinet) -> None:
    Audit(cabinet.trail, b"another", ManualClock()).note(Act.EXPORTED, "t")
    with pytest.raises(StoreCorrupt):
        audit_of(cabinet).verify()
