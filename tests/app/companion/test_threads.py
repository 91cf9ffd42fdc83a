"""Short work that only computes is done at once, in its order; what may wait for a server is not."""

import asyncio
import threading
from pathlib import Path

import pytest

from homeostat.app.companion.node import CompanionOptions
from homeostat.app.companion.threads import Threads
from homeostat.companion.answering import Answering, Vector
from homeostat.observe.operation import Operation
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


def test_a_request_is_embedded_in_a_thread_and_finished_on_the_event_loop() -> None:
    at: list[int] = []
    host = BareHost()

    def embed(request: Operation) -> None:
        at.append(threading.get_ident())

    def finish(request: Operation, vector: Vector | None) -> int:
        return threading.get_ident()

    async def ran(threads: Threads) -> int:
        return await threads.answered("ann", Answering(host.tracer.operation("asked"), embed, finish))

    here = threading.get_ident()
    assert asyncio.run(ran(Threads(host, computes=True, embedding=1))) == here
    assert asyncio.run(ran(Threads(host, computes=True))) == here
    assert [one == here for one in at] == [False]
    assert asyncio.run(ran(Threads(host, embedding=1))) != here


def test_while_one_is_embedded_others_of_the_same_person_wait() -> None:
    said: list[str] = []
    go = threading.Event()
    host = BareHost()

    def slow(request: Operation) -> None:
        go.wait(10.0)

    def finish(request: Operation, vector: Vector | None) -> None:
        said.append("first")

    async def run() -> None:
        threads = Threads(host, computes=True, embedding=1)
        asked = Answering(host.tracer.operation("asked"), slow, finish)
        first = asyncio.create_task(threads.answered("ann", asked))
        await asyncio.sleep(0)
        second = asyncio.create_task(threads.soon("ann", said.append, "second"))
        await threads.soon("bob", said.append, "bob")
        go.set()
        await asyncio.gather(first, second)

    asyncio.run(run())
    assert said == ["bob", "first", "second"]


@pytest.mark.parametrize(
    ("store", "embedder", "computes", "embedding"),
    [
        (None, "none", True, 0),
        ("elsewhere", "minilm", True, 1),
        ("postgresql://db.example/people", "none", False, 0),
        (None, "https://models.example/v1?model=x", True, 8),
    ],
)
def test_servers_are_waited_for_in_threads(
    store: str | None, embedder: str, computes: bool, embedding: int
) -> None:
    options = CompanionOptions(Path("data"), store=store, embedder=embedder)
    assert (options.computes, options.embedding_threads) == (computes, embedding)


def test_nobody_else_waits_for_a_person_who_is_being_learned_of() -> None:
    async def ran() -> int:
        threads = Threads(BareHost(), computes=True, held={"ann"})
        return await threads.soon("ann", threading.get_ident)

    assert asyncio.run(ran()) != threading.get_ident()
