"""Short work that only computes is done at once, in its order; what may wait for a server is not."""

import asyncio
import threading
from pathlib import Path

import pytest

from homeostat.app.companion.node import CompanionOptions
from homeostat.app.companion.threads import Threads
from homeostat.testing.bare_host import BareHost


def test_what_only_computes_runs_on_the_event_loop_and_other_work_beside_it() -> None:
    async def ran(threads: Threads) -> tuple[int, int]:
        return await threads.soon("ann", threading.get_ident), await threads.run_for(
            "ann", threading.get_ident
        )

    here = threading.get_ident()
    assert [at == here for at in asyncio.run(ran(Threads(BareHost(), computes=True)))] == [True, False]
    assert [at == here for at in asyncio.run(ran(Threads(BareHost())))] == [False, False]


def test_it_waits_for_what_was_asked_before_for_the_same_person() -> None:
    said: list[str] = []
    go = threading.Event()

    def slow() -> None:
        go.wait(10.0)
        said.append("first")

    async def run() -> None:
        threads = Threads(BareHost(), computes=True)
        first = asyncio.create_task(threads.run_for("ann", slow))
        await asyncio.sleep(0)
        second = asyncio.create_task(threads.soon("ann", said.append, "second"))
        await threads.soon("bob", said.append, "bob")
        go.set()
        await asyncio.gather(first, second)

    asyncio.run(run())
    assert said == ["bob", "first", "second"]


@pytest.mark.parametrize(
    ("store", "embedder", "computes"),
    [
        (None, "none", True),
        ("elsewhere", "static", True),
        (None, "minilm", False),
        ("postgresql://db.example/people", "none", False),
        (None, "https://models.example/v1?model=x", False),
    ],
)
def test_servers_are_waited_for_in_threads(store: str | None, embedder: str, computes: bool) -> None:
    assert CompanionOptions(Path("data"), store=store, embedder=embedder).computes is computes


def test_nobody_else_waits_for_a_person_who_is_being_learned_of() -> None:
    async def ran() -> int:
        threads = Threads(BareHost(), computes=True, held={"ann"})
        return await threads.soon("ann", threading.get_ident)

    assert asyncio.run(ran()) != threading.get_ident()
