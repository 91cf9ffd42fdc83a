"""Several servers before one database: any of them may die."""

import json
import os
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from homeostat.store.open import open_store
from homeostat.testing import servers
from homeostat.testing.eventually import until
from homeostat.testing.point_load import PointLoad, kept
from homeostat.testing.running_node import RunningNode

NODES = 3


@pytest.fixture
def nodes(tmp_path: Path) -> Iterator[list[RunningNode]]:
    with ExitStack() as stack:
        database = stack.enter_context(servers.postgres())
        yield [stack.enter_context(RunningNode(database.url, tmp_path / str(n))) for n in range(NODES)]


def leaders(nodes: list[RunningNode]) -> list[RunningNode]:
    return [node for node in nodes if node.ready().get("leads")]


@pytest.mark.long
def test_a_leader_that_is_killed_under_load_loses_nothing_and_another_one_leads(
    nodes: list[RunningNode],
) -> None:
    until(lambda: len(leaders(nodes)) == 1)
    (leader,) = leaders(nodes)
    loads = [PointLoad(nodes, number) for number in range(4)]
    until(lambda: all(load.acknowledged > 20 for load in loads))
    os.kill(leader.pid, signal.SIGKILL)
    others = [node for node in nodes if node is not leader]
    until(lambda: len(leaders(others)) == 1)
    more = [load.acknowledged for load in loads]
    until(lambda: all(load.acknowledged > n + 20 for load, n in zip(loads, more, strict=True)))
    for load in loads:
        load.stop()
    with open_store(nodes[0].store) as store:
        found = kept(store)
    for load in loads:
        assert found[load.number] >= load.acknowledged
        assert load.failed, "the kill was felt"


@pytest.mark.long
def test_there_is_never_a_second_leader_whatever_happens_to_the_nodes(nodes: list[RunningNode]) -> None:
    seen: list[int] = []
    stop = threading.Event()

    def watch() -> None:
        while not stop.is_set():
            seen.append(leases_held(nodes[0].store))
            time.sleep(0.01)

    watcher = threading.Thread(target=watch)
    until(lambda: len(leaders(nodes)) == 1)
    watcher.start()
    try:
        (first,) = leaders(nodes)
        os.kill(first.pid, signal.SIGSTOP)  # it stalls, and does not know it
        others = [node for node in nodes if node is not first]
        until(lambda: len(leaders(others)) == 1)
        os.kill(first.pid, signal.SIGCONT)
        until(lambda: not first.ready().get("leads"))
        (second,) = leaders(others)
        second.stop()  # an orderly end
        until(lambda: len(leaders([node for node in nodes if node is not second])) == 1)
    finally:
        stop.set()
        watcher.join()
    assert max(seen) == 1


def leases_held(url: str) -> int:
    import psycopg

    with psycopg.connect(url) as connection:
        row = connection.execute(
            "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND granted AND objsubid = 1"
        ).fetchone()
    assert row is not None
    return int(row[0])


@pytest.mark.long
def test_a_node_that_cannot_reach_the_database_says_so_and_comes_back(tmp_path: Path) -> None:
    with servers.postgres() as database, RunningNode(database.url, tmp_path) as node:
        until(lambda: node.ready().get("status") == "ready")
        database.kill()
        until(lambda: "cannot be reached" in json.dumps(node.ready()))
        assert node.alive(), "a database that is away is no reason to be restarted"
        database.start()
        until(lambda: node.ready().get("status") == "ready")
