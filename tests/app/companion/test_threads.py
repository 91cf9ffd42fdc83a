"""Short work that only computes is done at once, in its order; what may wait for a server is not."""

import asyncio
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import pytest

from homeostat.app.companion.options import CompanionOptions
from homeostat.app.companion.threads import MODELS_MAX, Threads
from homeostat.companion.answering import Answering
from homeostat.companion.unspoken import Failed
from homeostat.core.errors import QueueFull, UnknownPerson
from homeostat.observe.operation import Operation
from homeostat.testing.bare_host import BareHost

T = TypeVar("T")


def answering(
    host: BareHost, finish: Callable[[], T], embed: Callable[[], object] = lambda: None
) -> Answering[T]:
    def embedded(request: Operation) -> None:
        embed()

    return Answering(host.tracer.operation("asked"), embedded, lambda request, _: finish())


def test_what_only_computes_has_one_thread_for_all_and_never_the_event_loop() -> None:
    host = BareHost()

    async def ran(threads: Threads) -> list[int]:
        people = [f"person {n}" for n in range(20)]
        asked = [threads.answered(person, answering(host, threading.get_ident)) for person in people]
        return list(await asyncio.gather(*asked))

    here = threading.get_ident()
    threads = Threads(host, computes=True)
    found = set(asyncio.run(ran(threads)))
    threads.close()
    assert len(found) == 1
    assert here not in found | set(asyncio.run(ran(Threads(host))))


def test_embedding_has_a_thread_of_its_own() -> None:
    host = BareHost()
    at: list[int] = []
    threads = Threads(host, computes=True, embedding=1)
    asked = answering(host, threading.get_ident, lambda: at.append(threading.get_ident()))
    finished = asyncio.run(threads.answered("ann", asked))
    threads.close()
    assert len({threading.get_ident(), finished, *at}) == 3


def test_what_is_embedded_is_finished_without_the_event_loop() -> None:
    host = BareHost()
    go, finished = threading.Event(), threading.Event()

    def finish() -> bool:
        finished.set()
        return True

    async def ran() -> bool:
        threads = Threads(host, computes=True, embedding=1)
        asked = answering(host, finish, lambda: go.wait(60.0))
        answer = asyncio.create_task(threads.answered("ann", asked))
        await asyncio.sleep(0)
        go.set()
        assert finished.wait(60.0)  # the loop stands meanwhile
        found = await answer
        threads.close()
        return found

    assert asyncio.run(ran())


def test_what_fails_while_it_is_embedded_fails_and_is_not_finished() -> None:
    host = BareHost()
    finished: list[str] = []

    def nobody() -> None:
        raise UnknownPerson("no memory is kept of this person")

    async def ran() -> None:
        threads = Threads(host, computes=True, embedding=1)
        with pytest.raises(UnknownPerson):
            await threads.answered("ann", answering(host, lambda: finished.append("ann"), nobody))
        with pytest.raises(Failed, match="ZeroDivisionError"):
            await threads.answered("ann", answering(host, lambda: 1 / 0))
        await threads.answered("bob", answering(host, lambda: finished.append("bob")))
        threads.close()

    asyncio.run(ran())
    assert finished == ["bob"]


def test_who_is_cancelled_while_it_is_embedded_is_not_answered_later() -> None:
    host = BareHost()
    go, begun = threading.Event(), threading.Event()
    finished: list[str] = []

    def slow() -> None:
        begun.set()
        go.wait(60.0)

    async def ran() -> None:
        threads = Threads(host, computes=True, embedding=1)
        asked = answering(host, lambda: finished.append("ann"), slow)
        task = asyncio.create_task(threads.answered("ann", asked))
        await asyncio.to_thread(begun.wait, 60.0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        go.set()
        await threads.answered("ann", answering(host, lambda: finished.append("ann again")))
        threads.close()

    asyncio.run(ran())
    assert finished == ["ann again"]


def test_who_is_learned_of_since_it_was_embedded_keeps_nobody_waiting() -> None:
    host = BareHost()
    go = threading.Event()
    held: set[str] = set()

    async def ran() -> list[str]:
        threads = Threads(host, computes=True, embedding=1, held=[held])
        slow = answering(host, lambda: go.wait(60.0) and "ann", lambda: held.add("ann"))
        ann = asyncio.create_task(threads.answered("ann", slow))
        found = [await threads.answered("bob", answering(host, lambda: "bob"))]
        go.set()
        found.append(str(await ann))
        threads.close()
        return found

    assert asyncio.run(ran()) == ["bob", "ann"]


@pytest.mark.parametrize("embedding", [0, 1])
def test_it_waits_for_what_was_asked_before_for_the_same_person(embedding: int) -> None:
    said: list[str] = []
    go = threading.Event()
    host = BareHost()

    def slow() -> None:
        go.wait(60.0)
        said.append("first")

    async def run() -> None:
        threads = Threads(host, computes=True, embedding=embedding)
        first = asyncio.create_task(threads.run_for("ann", slow))
        await asyncio.sleep(0)
        second = asyncio.create_task(threads.answered("ann", answering(host, lambda: said.append("second"))))
        await threads.answered("bob", answering(host, lambda: said.append("bob")))
        go.set()
        await asyncio.gather(first, second)
        threads.close()

    asyncio.run(run())
    assert said == ["bob", "first", "second"]


def test_while_one_is_embedded_others_of_the_same_person_wait() -> None:
    said: list[str] = []
    go = threading.Event()
    host = BareHost()

    async def run() -> None:
        threads = Threads(host, computes=True, embedding=1)
        slow = answering(host, lambda: said.append("first"), lambda: go.wait(60.0))
        first = asyncio.create_task(threads.answered("ann", slow))
        await asyncio.sleep(0)
        second = asyncio.create_task(threads.run_for("ann", said.append, "second"))
        await threads.run_for("bob", said.append, "bob")
        go.set()
        await asyncio.gather(first, second)
        threads.close()

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


@pytest.mark.parametrize(
    "known",
    [{"held": [{"bert"}, {"ann"}]}, {"ready": lambda person: person != "ann"}],
    ids=["is being learned of", "begins to talk again"],
)
def test_nobody_else_waits_for_a_person_who(known: dict[str, Any]) -> None:
    host = BareHost()
    go = threading.Event()

    async def ran() -> list[str]:
        threads = Threads(host, computes=True, **known)
        ann = asyncio.create_task(threads.answered("ann", answering(host, lambda: go.wait(60.0) and "ann")))
        bob = await threads.answered("bob", answering(host, lambda: "bob"))
        go.set()
        found = [bob, str(await ann)]
        threads.close()
        return found

    assert asyncio.run(ran()) == ["bob", "ann"]


def test_models_elsewhere_leave_threads_to_who_is_in_danger_and_to_who_asks_none() -> None:
    host = BareHost()
    go = threading.Event()

    async def ran() -> tuple[str, str]:
        threads = Threads(host)
        slow = [asyncio.create_task(threads.model_for(f"{n}", go.wait, 60.0)) for n in range(MODELS_MAX)]
        await asyncio.sleep(0)
        with pytest.raises(QueueFull, match="try again"):
            await threads.model(str)
        found = await threads.elsewhere(lambda: "told"), await threads.run_for("ann", lambda: "answered")
        go.set()
        assert all(await asyncio.gather(*slow))
        assert await threads.model(lambda: "free again")
        threads.close()
        return found

    assert asyncio.run(ran()) == ("told", "answered")
