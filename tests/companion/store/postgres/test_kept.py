"""What was acknowledged is kept, and what was forgotten is nowhere."""

import os
import random
import select
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import psycopg
import pytest

from homeostat.companion.message import NewMessage
from homeostat.companion.store.keys import KEY_VARIABLE, MasterKey
from homeostat.companion.store.people import Extent, People
from homeostat.companion.store.postgres.memory import PostgresMemory
from homeostat.companion.store.postgres.people import PostgresPeople
from homeostat.companion.store.postgres.prepare import prepare
from homeostat.companion.store.postgres.schema import PERSONAL, SCHEMA
from homeostat.core.errors import UnknownPerson
from homeostat.store.address import StoreAddress
from homeostat.testing import servers
from homeostat.testing.forged_requests import OTHER, OWN, harm, people_of
from homeostat.testing.people_database import PeopleDatabase, people_database
from homeostat.testing.people_writer import message

RARE = "quizzacious"


@pytest.fixture
def durable() -> Iterator[servers.Server]:
    """A server of its own that flushes, and whose files can be looked at."""
    try:
        with servers.postgres() as server:
            yield server
    except servers.NotInstalled as error:
        pytest.skip(str(error))


def killed(database: PeopleDatabase, master: MasterKey, rng: random.Random, batch: int) -> int:
    """Have a child write, kill it, and return the highest seq that it was told is kept."""
    command = [
        sys.executable,
        "-m",
        "homeostat.testing.people_writer",
        database.application,
        "ann",
        str(batch),
    ]
    environment = {**os.environ, KEY_VARIABLE: master.text()}
    with subprocess.Popen(command, stdout=subprocess.PIPE, env=environment) as child:
        assert child.stdout is not None
        ready, _, _ = select.select([child.stdout], [], [], 60.0)
        assert ready, "the child wrote nothing"
        time.sleep(rng.uniform(0.0, 0.1))
        child.kill()
        told = child.stdout.read().split(b"\n")
    return int(told[-2])


def check_whole(people: People, acknowledged: int) -> int:
    """Check that all that was acknowledged is kept and found, and nothing by halves; return the last seq."""
    with people.open("ann") as memory:
        memory.notes.put({})  # waits for a commit that the dead client had asked for already
        extent = memory.extent()
        kept = memory.reading.after(0, 1 << 30)
        assert extent.last >= acknowledged
        assert extent == Extent(len(kept), len(kept), 0)
        assert [m.text for m in kept] == [message(n).text for n in range(1, extent.last + 1)]
        assert memory.lexical.match(["of"], 1 << 30)[0].size == extent.last
        assert memory.lexical.match([f"word{extent.last}"], 9)[0].tolist() == [extent.last]
    return extent.last


@pytest.mark.long
def test_a_killed_client_loses_nothing_that_was_acknowledged(
    durable: servers.Server, master: MasterKey
) -> None:
    rng = random.Random(5)
    with people_database(durable.url) as database:
        people = PostgresPeople(StoreAddress.of(database.application), master)
        last = 0
        for round in range(20):
            acknowledged = killed(database, master, rng, batch=1 + 9 * (round % 2))
            last = check_whole(people, acknowledged)
        people.close()
    assert last > 100


@pytest.mark.long
def test_a_killed_server_loses_nothing_that_was_acknowledged(
    durable: servers.Server, master: MasterKey
) -> None:
    with people_database(durable.url) as database:
        for kills in range(1, 4):
            command = [
                sys.executable, "-m", "homeostat.testing.people_writer", database.application, "ann", "3",
            ]  # fmt: skip
            environment = {**os.environ, KEY_VARIABLE: master.text()}
            with subprocess.Popen(
                command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=environment
            ) as child:
                assert child.stdout is not None
                told = [child.stdout.readline() for _ in range(20 * kills)]
                durable.kill()
                told += child.stdout.read().splitlines()
            durable.start()
            people = PostgresPeople(StoreAddress.of(database.application), master)
            check_whole(people, int(told[-1]))
            people.close()


def test_who_is_forgotten_has_no_row_anywhere(people: PostgresPeople, database: PeopleDatabase) -> None:
    people_of(people)
    with psycopg.connect(database.owner, autocommit=True) as connection:
        number = connection.execute(f"SELECT person FROM {SCHEMA}.people WHERE name = %s", (OWN,)).fetchone()
        assert people.forget(OWN)
        left = {
            table: connection.execute(f"SELECT FROM {SCHEMA}.{table} WHERE person = %s", number).rowcount
            for table in PERSONAL
        }
    assert left == dict.fromkeys(PERSONAL, 0)
    assert harm(people) == [], "of the other person everything is kept"


def test_who_is_forgotten_by_another_process_is_not_written_to(
    people: PostgresPeople, database: PeopleDatabase, master: MasterKey
) -> None:
    other = PostgresPeople(StoreAddress.of(database.application), master)
    with people.open("ann", create=True) as memory:
        memory.messages.add([message(1)])
        assert other.forget("ann")
        with pytest.raises(UnknownPerson):
            memory.messages.add([message(2)])
        with pytest.raises(UnknownPerson):
            memory.notes.put({"voice": b"x"})
        with other.open("ann", create=True) as anew:
            anew.messages.add([message(7)])
        with pytest.raises(UnknownPerson):
            memory.extent()
        assert memory.reading.after(0, 9) == []
    other.close()


def test_two_processes_that_write_of_one_person_give_each_message_its_own_seq(
    people: PostgresPeople, database: PeopleDatabase, master: MasterKey
) -> None:
    other = PostgresPeople(StoreAddress.of(database.application), master)

    def write(number: int) -> None:
        with (people, other)[number % 2].open("ann", create=True) as memory:
            memory.messages.add([message(number), message(number + 1_000)])

    with ThreadPoolExecutor(6) as threads:
        list(threads.map(write, range(40)))
    with people.open("ann") as memory:
        kept = memory.reading.after(0, 999)
        assert [m.seq for m in kept] == list(range(1, 81))
        assert {m.id for m in kept} == {f"m{n + more}" for n in range(40) for more in (0, 1_000)}
        assert len(memory.lexical.match(["of"], 999)[0]) == 80
    other.close()


def test_no_word_of_anybody_is_in_any_file_of_the_database(
    durable: servers.Server, master: MasterKey, tmp_path: Path
) -> None:
    """Neither while it is kept nor after it was forgotten: tables, indexes, write-ahead log, server's log."""
    with people_database(durable.url) as database:
        people = PostgresPeople(StoreAddress.of(database.application), master)
        with people.open("ann", create=True) as memory:
            memory.messages.add(
                [NewMessage(id=f"{RARE}{n}", text=f"a {RARE} thing", at_us=n, talk=RARE, author=RARE)
                 for n in range(300)]
            )  # fmt: skip
            memory.messages.edit(f"{RARE}1", f"{RARE} again", 5)
            memory.notes.put({RARE: RARE.encode() * 10})
            memory.vectors.put(RARE, RARE, [1], np.frombuffer(RARE.encode(), np.int8)[None].copy())
            memory.messages.remove([f"{RARE}2"])
            assert len(memory.lexical.match([RARE], 999)[0]) == 299
            with psycopg.connect(durable.url, autocommit=True) as connection:
                connection.execute("CHECKPOINT")
                (folder,) = connection.execute("SHOW data_directory").fetchone() or ("",)
                before = files_with(Path(folder), RARE)
        people.forget("ann")
        people.close()
        assert (before, files_with(Path(folder), RARE)) == ([], [])
        assert files_with(Path(folder), "homeostat_companion"), "the search finds what is there"


def files_with(folder: Path, word: str) -> list[str]:
    """Return the files in a folder in which a word stands."""
    return [
        str(path)
        for path in folder.parent.rglob("*")
        if path.is_file() and word.encode() in path.read_bytes()
    ]


@pytest.mark.long
def test_a_hundred_thousand_messages_are_taken_at_once(people: PostgresPeople) -> None:
    with people.open("ann", create=True) as memory:
        seqs = memory.messages.add([message(n) for n in range(1, 100_001)])
        assert seqs == list(range(1, 100_001))
        assert memory.lexical.match(["word99999"], 9)[0].tolist() == [99_999]
        assert memory.messages.remove([f"m{n}" for n in range(1, 100_001, 2)]) == 50_000
        assert memory.lexical.match(["word99999"], 9)[0].tolist() == []
        assert memory.extent() == Extent(50_000, 100_000, 1)


def test_a_call_that_failed_changes_nothing_and_leaves_no_person_behind(people: PostgresPeople) -> None:
    """An error in the middle of a call leaves a connection that knows of nobody."""
    people_of(people)

    def fail(memory: PostgresMemory) -> None:
        with memory._handle.writing() as (rows, _):
            rows.do(f"DELETE FROM {SCHEMA}.messages")
            raise RuntimeError

    with people.open(OWN) as memory:
        assert isinstance(memory, PostgresMemory)
        with pytest.raises(RuntimeError):
            fail(memory)
    with people._connections.outside() as connection:
        assert connection.execute(f"SELECT count(*) FROM {SCHEMA}.messages").fetchone() == (0,)
    with people.open(OWN) as memory:
        assert memory.extent().count == len(memory.reading.after(0, 999)) > 0
    with people.open(OTHER) as memory:
        assert memory.extent().count > 0


def test_an_owner_may_prepare_a_database_for_several_applications(database: PeopleDatabase) -> None:
    with people_database(database.owner) as second, psycopg.connect(second.application) as connection:
        assert connection.execute(f"SELECT step FROM {SCHEMA}.version").fetchall() == [(1,)]
        assert not prepare(database.owner, database.role)
