"""Single flight: one load for all who ask, whoever is cancelled, in tasks and in threads."""

import asyncio
import random
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest

from homeostat.core.errors import HomeostatError
from homeostat.runtime.cache.cache import Cache
from homeostat.runtime.cache.flights import LoadCancelled, LoadsItself
from homeostat.runtime.cache.lifetime import Lifetime
from homeostat.testing.bare_host import BareHost
from homeostat.testing.clock import ManualClock


class Loader:
    """A load that ends when it is told to, and counts how often it began, ended and was cancelled."""

    def __init__(self) -> None:
        self.began = self.ended = self.cancelled = 0
        self.go = asyncio.Event()

    async def __call__(self) -> str:
        self.began += 1
        try:
            await self.go.wait()
        except asyncio.CancelledError:
            self.cancelled += 1
            raise
        self.ended += 1
        return f"value {self.began}"


async def settled() -> None:
    for _ in range(10):
        await asyncio.sleep(0)


@pytest.fixture
def host() -> BareHost:
    return BareHost()


@pytest.fixture
def cache(host: BareHost) -> Cache[str]:
    return Cache(host, "c", lifetime=60)


async def gathered(cache: Cache[str], cancelled: list[int]) -> tuple[Loader, list[object]]:
    load = Loader()
    callers = [asyncio.ensure_future(cache.load("k", load)) for _ in range(100)]
    await settled()
    for number in cancelled:
        callers[number].cancel()
    await settled()
    load.go.set()
    return load, await asyncio.gather(*callers, return_exceptions=True)


@pytest.mark.parametrize(
    "cancelled",
    [[0], [37], [0, 1, 2, 50, 99], list(range(99))],
    ids=["leader", "follower", "some", "all but one"],
)
def test_cancelling_callers_takes_nothing_from_the_others(
    cache: Cache[str], host: BareHost, cancelled: list[int]
) -> None:
    load, results = asyncio.run(gathered(cache, cancelled))
    assert (load.began, load.ended, load.cancelled) == (1, 1, 0)
    for number, result in enumerate(results):
        if number in cancelled:
            assert isinstance(result, asyncio.CancelledError)
        else:
            assert result == "value 1"
    assert host.total("cache.loads") == 1
    assert host.total("cache.shared_waits") == 99


def test_a_load_for_which_nobody_waits_any_more_is_cancelled_and_the_next_caller_loads_anew(
    cache: Cache[str],
) -> None:
    async def main() -> None:
        load = Loader()
        callers = [asyncio.ensure_future(cache.load("k", load)) for _ in range(5)]
        await settled()
        for caller in callers:
            caller.cancel()
        again = asyncio.ensure_future(cache.load("k", load))
        await settled()
        assert (load.began, load.cancelled) == (2, 1)
        load.go.set()
        assert await again == "value 2"

    asyncio.run(main())


def test_a_storm_of_cancellations_ends_with_every_patient_caller_served(cache: Cache[str]) -> None:
    async def main() -> None:
        draw = random.Random(3)
        for round_ in range(40):
            load, key = Loader(), f"k{round_}"
            patient: list[asyncio.Future[str]] = []
            for _ in range(30):
                caller = asyncio.ensure_future(cache.load(key, load))
                for _ in range(draw.randint(0, 3)):
                    await asyncio.sleep(0)
                if draw.random() < 0.6:
                    caller.cancel()
                else:
                    patient.append(caller)
            load.go.set()
            results = await asyncio.gather(*patient)
            assert len(set(results)) <= 1
            assert load.ended <= 1
            assert load.began == load.ended + load.cancelled

    asyncio.run(main())


def test_an_error_reaches_all_who_wait_and_is_not_kept(cache: Cache[str], host: BareHost) -> None:
    async def fails() -> str:
        await settled()
        raise ValueError("no")

    async def works() -> str:
        return "yes"

    async def main() -> None:
        results = await asyncio.gather(*(cache.load("k", fails) for _ in range(10)), return_exceptions=True)
        assert [type(r) for r in results] == [ValueError] * 10
        assert await cache.load("k", works) == "yes"

    asyncio.run(main())
    assert host.total("cache.load.errors") == 1
    assert host.total("cache.loads") == 2


def test_a_load_that_asks_for_its_own_key_is_told_so_instead_of_waiting_for_ever(cache: Cache[str]) -> None:
    async def itself() -> str:
        return await cache.load("k", itself)

    def itself_too() -> str:
        return cache.sync.load("k", itself_too)

    with pytest.raises(LoadsItself, match="waits for it"):
        asyncio.run(cache.load("k", itself))
    with pytest.raises(LoadsItself, match="waits for it"):
        cache.sync.load("k", itself_too)


def test_loads_that_ask_for_each_other_are_told_so_too(cache: Cache[str]) -> None:
    async def chain(n: int) -> str:
        await settled()
        return await cache.load(f"k{(n + 1) % 3}", lambda: chain((n + 1) % 3))

    async def main() -> None:
        callers = (cache.load(f"k{n}", lambda n=n: chain(n)) for n in range(3))  # type: ignore[misc]
        results = await asyncio.wait_for(asyncio.gather(*callers, return_exceptions=True), 60)
        assert [type(result) for result in results] == [LoadsItself] * 3

        async def leaf() -> str:
            return "leaf"

        async def diamond(side: str) -> str:
            await settled()
            return side + await cache.load("leaf", leaf)

        async def top() -> str:
            sides = (cache.load(side, lambda side=side: diamond(side)) for side in "ab")  # type: ignore[misc]
            return "".join(await asyncio.gather(*sides))

        assert await cache.load("top", top) == "aleafbleaf"

    asyncio.run(main())


def test_a_cancellation_within_a_load_is_an_error_of_the_load(cache: Cache[str]) -> None:
    async def waits_for_what_is_cancelled() -> str:
        other = asyncio.ensure_future(asyncio.sleep(60, "never"))
        asyncio.get_running_loop().call_soon(other.cancel)
        return await other

    with pytest.raises(LoadCancelled):
        asyncio.run(asyncio.wait_for(cache.load("k", waits_for_what_is_cancelled), 60))


def in_threads(work: Callable[[int], None], n: int) -> None:
    with ThreadPoolExecutor(n) as threads:
        list(threads.map(work, range(n), timeout=30))


def test_threads_share_one_load(cache: Cache[str], host: BareHost) -> None:
    all_there = threading.Barrier(20)
    began: list[int] = []

    def load() -> str:
        began.append(threading.get_ident())
        while host.total("cache.shared_waits") < 19:
            pass
        return "value"

    def work(_: int) -> None:
        all_there.wait()
        assert cache.sync.load("k", load) == "value"

    in_threads(work, 20)
    assert len(began) == 1


def test_threads_and_event_loops_wait_for_each_others_loads(cache: Cache[str], host: BareHost) -> None:
    began: list[str] = []
    all_there = threading.Barrier(12)

    def wait_for_the_others() -> None:
        while host.total("cache.shared_waits") < 11:
            pass

    def load() -> str:
        began.append("thread")
        wait_for_the_others()
        return "value"

    async def load_in_loop() -> str:
        began.append("task")
        await asyncio.to_thread(wait_for_the_others)
        return "value"

    def work(number: int) -> None:
        all_there.wait()
        if number % 2:
            assert cache.sync.load("k", load) == "value"
        else:
            assert asyncio.run(cache.load("k", load_in_loop)) == "value"

    in_threads(work, 12)
    assert len(began) == 1


def test_a_leader_whose_event_loop_ends_leaves_the_load_to_another_loop(cache: Cache[str]) -> None:
    leading, waiting = threading.Event(), threading.Event()

    async def never() -> str:
        leading.set()
        await asyncio.sleep(3_600)
        return "never"

    async def leave() -> None:
        asyncio.ensure_future(cache.load("k", never))  # noqa: RUF006 - it ends with the loop, on purpose
        await asyncio.to_thread(waiting.wait)

    async def value() -> str:
        return "value"

    leader = threading.Thread(target=lambda: asyncio.run(leave()))
    leader.start()
    leading.wait()

    async def follow() -> str:
        caller = asyncio.ensure_future(cache.load("k", value))
        await settled()
        waiting.set()
        return await caller

    assert asyncio.run(asyncio.wait_for(follow(), 60)) == "value"
    leader.join()


def test_a_plain_call_within_a_loop_does_not_wait_for_a_task_of_that_loop(cache: Cache[str]) -> None:
    async def main() -> None:
        load = Loader()
        task = asyncio.ensure_future(cache.load("k", load))
        await settled()
        assert cache.sync.load("k", lambda: "here") == "here"
        load.go.set()
        assert await task == "value 1"
        assert cache.sync.get("k") == "value 1"

    asyncio.run(main())


def test_a_load_that_a_deletion_overtook_is_served_but_not_kept(cache: Cache[str]) -> None:
    async def main() -> None:
        load = Loader()
        early = asyncio.ensure_future(cache.load("k", load))
        await settled()
        await cache.delete("k")
        late = asyncio.ensure_future(cache.load("k", load))
        await settled()
        assert load.began == 2
        load.go.set()
        assert await early == "value 2"
        assert await late == "value 2"

        tagged = Loader()
        early = asyncio.ensure_future(cache.load("t", tagged, tags=["user"]))
        await settled()
        await cache.invalidate("user")
        tagged.go.set()
        assert await early == "value 1"
        assert await cache.get("t") is None

        third = Loader()
        early = asyncio.ensure_future(cache.load("s", third))
        await settled()
        await cache.set("s", "set")
        third.go.set()
        assert await early == "value 1"
        assert await cache.get("s") == "set"

    asyncio.run(main())


def test_loads_hold_no_more_of_the_process_than_is_on_its_way(cache: Cache[str]) -> None:
    async def value() -> str:
        return "v"

    async def main() -> None:
        for number in range(100):
            await cache.load(f"k{number}", value)
        await settled()

    asyncio.run(main())
    assert cache._core.flights.on_their_way() == 0
    assert not cache._core.flights._tasks


def test_what_is_raised_is_of_the_tree() -> None:
    assert issubclass(LoadsItself, HomeostatError)
    assert issubclass(LoadCancelled, HomeostatError)


def test_a_load_that_is_cancelled_before_it_began_leaves_nothing_behind(cache: Cache[str]) -> None:
    async def value() -> str:
        return "value"

    async def leave() -> None:
        caller = asyncio.ensure_future(cache.load("k", value))
        await asyncio.sleep(0)
        for task in list(cache._core.flights._tasks):
            task.cancel()
        caller.cancel()
        await asyncio.gather(caller, return_exceptions=True)

    asyncio.run(leave())
    assert cache._core.flights.on_their_way() == 0
    assert asyncio.run(asyncio.wait_for(cache.load("k", value), 60)) == "value"


def test_refreshes_that_end_with_their_loop_do_not_use_up_the_places_for_refreshes() -> None:
    clock = ManualClock()
    cache: Cache[str] = Cache(BareHost(clock), "c", lifetime=Lifetime(1, stale_s=1_000, jitter=0))
    cache.sync.set("k", "old")
    clock.advance(2)

    async def never() -> str:
        await asyncio.sleep(3_600)
        return "never"

    async def value() -> str:
        return "new"

    async def leave(wait: bool) -> None:
        assert await cache.load("k", never) == "old"
        if wait:
            await settled()

    for i in range(80):
        asyncio.run(leave(wait=bool(i % 2)))

    async def main() -> None:
        assert await cache.load("k", value) == "old"
        await settled()
        assert await cache.load("k", value) == "new"

    asyncio.run(main())
