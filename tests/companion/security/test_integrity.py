"""Claims about integrity in the background: a changed chain, a cut one and a damaged file are told."""

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from homeostat.companion.access.audit import Act, Audit
from homeostat.companion.access.sqlite_cabinet import SqliteCabinet
from homeostat.companion.message import NewMessage
from homeostat.companion.security.figures import Figure, Figures
from homeostat.companion.security.integrity import Checked, Integrity
from homeostat.companion.store.keys import MasterKey
from homeostat.companion.store.sqlite.people import SqlitePeople
from homeostat.companion.store.sqlite.places import private_folder
from homeostat.testing.bare_host import BareHost

ENTRIES = 30


@pytest.fixture
def host() -> BareHost:
    return BareHost()


@pytest.fixture
def cabinet(tmp_path: Path) -> Iterator[SqliteCabinet]:
    cabinet = SqliteCabinet(tmp_path / "access.db")
    yield cabinet
    cabinet.close()


@pytest.fixture
def audit(cabinet: SqliteCabinet, host: BareHost) -> Audit:
    audit = Audit(cabinet.trail, b"key", host.clock)
    for number in range(ENTRIES):
        audit.note(Act.EXPORTED, "t", about=str(number))
    return audit


@pytest.fixture
def people(tmp_path: Path) -> Iterator[SqlitePeople]:
    people = SqlitePeople(private_folder(tmp_path / "people"), MasterKey(b"k" * 32))
    for person in ("ann", "bob"):
        with people.open(person, create=True) as memory:
            memory.messages.add(
                [NewMessage(id=str(n), text=f"about {n} things " * 50, at_us=n) for n in range(100)]
            )
    yield people
    people.close()


class Rounds:
    """One check, over and over."""

    def __init__(
        self, host: BareHost, cabinet: SqliteCabinet, audit: Audit, people: Checked | None = None
    ) -> None:
        self.figures = Figures(host, cabinet)
        self.check = Integrity(self.figures, host.losses, audit, people)

    def go(self) -> Figure:
        for _ in self.check.steps():
            pass
        return self.figures.all()["integrity"]


def test_what_is_whole_is_followed_as_a_whole(
    host: BareHost, cabinet: SqliteCabinet, audit: Audit, people: SqlitePeople
) -> None:
    found = Rounds(host, cabinet, audit, people).go()
    assert (found.share, found.tried, found.faults) == (1.0, 3, ())
    assert found.note == "the audit's chain (30 entries) and 2 people's files"
    assert host.snapshot("security.integrity").last == 1.0
    assert host.snapshot("security.round_at", check="integrity").last == host.clock.now_ns() / 1e9


def test_an_entry_that_was_changed_is_told_with_its_number(
    host: BareHost, cabinet: SqliteCabinet, audit: Audit, tmp_path: Path
) -> None:
    with sqlite3.connect(tmp_path / "access.db") as connection:
        connection.execute("UPDATE links SET digest = zeroblob(32) WHERE number = 7")
    found = Rounds(host, cabinet, audit).go()
    assert found.share == 0.0
    assert "changed at entry 7" in found.faults[0]


def test_a_chain_whose_end_was_cut_off_is_told_until_it_is_seen_no_more(
    host: BareHost, cabinet: SqliteCabinet, audit: Audit, tmp_path: Path
) -> None:
    rounds = Rounds(host, cabinet, audit)
    assert rounds.go().share == 1.0
    with sqlite3.connect(tmp_path / "access.db") as connection:
        connection.execute("DELETE FROM links WHERE number > 20")
    found = rounds.go()
    assert found.faults == ("the audit ends at entry 20, and had 30: its end was cut off",)


def test_a_chain_that_grew_again_after_its_end_was_cut_off_is_told(
    host: BareHost, cabinet: SqliteCabinet, audit: Audit, tmp_path: Path
) -> None:
    rounds = Rounds(host, cabinet, audit)
    assert rounds.go().share == 1.0
    with sqlite3.connect(tmp_path / "access.db") as connection:
        connection.execute("DELETE FROM links WHERE number > 20")
    for _ in range(15):
        audit.note(Act.EXPORTED, "t")
    assert audit.verify().number == 35  # alone it cannot know
    assert "changed at entry 31" in rounds.go().faults[0]


def test_entries_that_went_with_age_meanwhile_break_nothing(
    host: BareHost, cabinet: SqliteCabinet, audit: Audit
) -> None:
    following = audit.follow(None, 5)
    short = Audit(cabinet.trail, b"key", host.clock, kept_max=3)
    short.note(Act.EXPORTED, "t")
    assert audit.follow(following.last, 100).last.number == ENTRIES + 1
    assert Rounds(host, cabinet, audit).go().share == 1.0


def test_a_page_that_was_changed_on_the_disk_is_told(
    host: BareHost, cabinet: SqliteCabinet, audit: Audit, people: SqlitePeople
) -> None:
    place = people.place("ann")
    assert place is not None
    people.check("ann")
    people.close()  # what is in the log goes into the file
    with place.open("r+b") as file:
        file.seek(3 * 4_096 + 100)
        file.write(b"\0\1\2\3")
    again = SqlitePeople(place.parents[2], MasterKey(b"k" * 32))
    found = Rounds(host, cabinet, audit, again).go()
    again.close()
    assert found.share == pytest.approx(2 / 3)
    assert place.name in found.faults[0]


class NamesOfBefore:
    """People as they are, under the names that there were."""

    def __init__(self, people: SqlitePeople) -> None:
        self._names = people.names("", 10)
        self.check = people.check

    def names(self, after: str, limit: int) -> list[str]:
        return [name for name in self._names if name > after][:limit]


def test_who_was_forgotten_while_files_were_read_is_neither_a_fault_nor_a_loss(
    host: BareHost, cabinet: SqliteCabinet, audit: Audit, people: SqlitePeople
) -> None:
    rounds = Rounds(host, cabinet, audit, NamesOfBefore(people))
    assert people.forget("bob")
    found = rounds.go()
    assert (found.share, found.tried) == (1.0, 2)
    assert host.losses.totals() == {}
