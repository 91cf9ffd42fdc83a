"""What does it cost when the leading one of three nodes is killed under load?"""

import os
import signal
import statistics
import tempfile
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from pathlib import Path

from benchmarks.result import Result
from homeostat.core.errors import HomeostatError
from homeostat.store.open import open_store
from homeostat.testing import servers
from homeostat.testing.point_load import PointLoad, kept
from homeostat.testing.running_node import RunningNode

TIMES = 3
CLIENTS = 4
BAR_S = 5.0
GIVE_UP_S = 30.0


class DidNotCome(HomeostatError):
    """What was waited for did not happen in time."""


def run(data: Path | None) -> list[Result]:
    """Kill the leader of three nodes several times; a new node takes its place each time."""
    took_s: list[float] = []
    leaders_most = 0
    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        try:
            database = stack.enter_context(servers.postgres())
        except servers.NotInstalled as error:
            return [Result("nodes: not measured", float("nan"), "", None, "lower", note=str(error))]
        homes = (Path(folder) / str(n) for n in range(100))

        def start() -> RunningNode:
            return stack.enter_context(RunningNode(database.url, next(homes)))

        nodes = [start() for _ in range(3)]
        _until(lambda: len(_leaders(nodes)) == 1)
        loads = [PointLoad(nodes, number) for number in range(CLIENTS)]
        begin_s = time.monotonic()
        for _ in range(TIMES):
            time.sleep(3.0)
            (leader,) = _leaders(nodes)
            os.kill(leader.pid, signal.SIGKILL)
            killed_s = time.monotonic()
            others = [node for node in nodes if node is not leader]
            _until(lambda others=others: bool(_leaders(others)))  # type: ignore[misc]
            took_s.append(time.monotonic() - killed_s)
            leaders_most = max(leaders_most, len(_leaders(others)))
            nodes[nodes.index(leader)] = start()
        for load in loads:
            load.stop()
        passed_s = time.monotonic() - begin_s
        with open_store(database.url) as store:
            found = kept(store)
    lost = sum(max(0, load.acknowledged - found.get(load.number, 0)) for load in loads)
    acknowledged = sum(load.acknowledged for load in loads)
    return [
        Result(
            "nodes: seconds until another one of three leads after a kill -9, slowest",
            max(took_s),
            "s",
            BAR_S,
            "lower",
            note=f"{TIMES} kills, median {statistics.median(took_s):.1f} s; {leaders_most} at once at most",
        ),
        Result(
            "nodes: acknowledged points that are lost",
            lost,
            "",
            0.0,
            "lower",
            note=f"of {acknowledged:,}, {acknowledged / passed_s:.0f} a second by {CLIENTS} clients; "
            f"{sum(load.failed for load in loads)} requests were refused or cut off and not counted",
        ),
    ]


def _leaders(nodes: Sequence[RunningNode]) -> list[RunningNode]:
    return [node for node in nodes if node.ready().get("leads")]


def _until(holds: Callable[[], bool]) -> None:
    end_s = time.monotonic() + GIVE_UP_S
    while not holds():
        if time.monotonic() > end_s:
            raise DidNotCome(f"no node led within {GIVE_UP_S:g} s")
        time.sleep(0.02)
