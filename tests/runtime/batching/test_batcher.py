"""The batcher: every caller gets the answer to its own item, whatever happens to the others."""

import asyncio
import random
import threading
from collections.abc import Awaitable, Callable, Sequence
from concurrent.futures import ProcessPoolExecutor

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from homeostat.core.errors import ConfigError
from homeostat.runtime.batching.batcher import Batcher, WrongAnswers
from homeostat.runtime.limits.deadline import within
from homeostat.runtime.limits.refused import DeadlinePassed, Overloaded
from homeostat.testing.bare_host import BareHost
from homeostat.testing.virtual_time import VirtualLoop, run_virtual


class Doubling:
    """A function of many items that takes 20 ms and half a ms an item, and remembers its batches."""

    def __init__(self) -> None:
        self.batches: list[list[int]] = []

    async def __call__(self, items: list[int]) -> Sequence[int | Exception]:
        self.batches.append(list(items))
        await asyncio.sleep(0.02 + 0.0005 * len(items))
        return [ValueError(f"{item} is odd") if item % 2 else 2 * item for item in items]


async def many(items: list[int]) -> Sequence[int | Exception]:
    await asyncio.sleep(0.01)
    return [2 * item for item in items]


def plain(items: list[int]) -> list[int]:
    return [2 * item for item in items]


def played(main: Callable[[BareHost, VirtualLoop], Awaitable[None]]) -> BareHost:
    loop = VirtualLoop()
    host = BareHost(loop)

    async def run() -> None:
        await main(host, loop)

    run_virtual(run(), loop)
    return host


def test_what_comes_while_a_batch_runs_makes_the_next_one() -> None:
    async def main(host: BareHost, loop: VirtualLoop) -> None:
        double = Doubling()
        batcher = Batcher(host, "double", double.__call__)
        first = asyncio.ensure_future(batcher(0))
        await asyncio.sleep(0.001)
        assert await asyncio.gather(*(batcher(2 * n) for n in range(10))) == [4 * n for n in range(10)]
        assert await first == 0
        assert [len(batch) for batch in double.batches] == [1, 10]

    host = played(main)
    assert host.snapshot("batch.size", batcher="double").maximum == 10
    assert host.snapshot("batch.wait", batcher="double").maximum == pytest.approx(19.5, rel=0.02)


def test_an_item_that_fails_fails_alone() -> None:
    async def main(host: BareHost, loop: VirtualLoop) -> None:
        batcher = Batcher(host, "double", Doubling().__call__)
        found = await asyncio.gather(*(batcher(n) for n in range(4)), return_exceptions=True)
        assert [found[0], found[2]] == [0, 4]
        assert [str(found[1]), str(found[3])] == ["1 is odd", "3 is odd"]

    played(main)


def test_a_function_that_raises_or_miscounts_leaves_nobody_waiting() -> None:
    async def raises(items: list[int]) -> list[int]:
        raise OSError("the model is away")

    async def loses(items: list[int]) -> list[int]:
        return items[1:]

    async def nothing(items: list[int]) -> list[int]:
        return None  # type: ignore[return-value]

    async def keyed(items: list[int]) -> list[int]:
        return {item: 2 * item for item in items}  # type: ignore[return-value]

    async def gives_up(items: list[int]) -> list[int]:
        raise asyncio.CancelledError

    async def main(host: BareHost, loop: VirtualLoop) -> None:
        for name, function, error in (
            ("raises", raises, OSError),
            ("loses", loses, WrongAnswers),
            ("nothing", nothing, WrongAnswers),
            ("keyed", keyed, WrongAnswers),
            ("gives_up", gives_up, asyncio.CancelledError),
        ):
            batcher = Batcher(host, name, function)
            found = await asyncio.gather(*(batcher(n) for n in range(3)), return_exceptions=True)
            assert [type(one) for one in found] == [error] * 3
            assert batcher.waiting == 0

    played(main)


def test_what_is_late_by_prediction_is_refused_and_says_when_to_try_again() -> None:
    async def main(host: BareHost, loop: VirtualLoop) -> None:
        batcher = Batcher(host, "double", Doubling().__call__, batch_max=4)
        for size in (1, 2, 3, 4):  # it learns what a batch takes
            await asyncio.gather(*(batcher(2 * n) for n in range(size)))
        running = [asyncio.ensure_future(batcher(0)) for _ in range(8)]
        await asyncio.sleep(0.001)
        begin_s = loop.time()
        with pytest.raises(Overloaded) as refused:
            await batcher(2, within_s=0.03)
        assert loop.time() == begin_s, "it is refused at once"
        assert 0.03 < refused.value.retry_after_s < 0.05
        assert await batcher(2, within_s=0.2) == 4
        await asyncio.gather(*running)

    assert played(main).total("batch.shed", batcher="double") == 1


def test_the_deadline_of_the_context_counts_and_does_not_cut_the_batch_of_others() -> None:
    async def main(host: BareHost, loop: VirtualLoop) -> None:
        batcher = Batcher(host, "double", Doubling().__call__)

        async def hurried() -> int:
            async with within(host, 0.005):
                return await batcher(2)

        one = asyncio.ensure_future(hurried())
        other = asyncio.ensure_future(batcher(4))
        with pytest.raises(TimeoutError):
            await one
        assert await other == 8
        with within(host, 1e-9):
            await asyncio.sleep(0.001)
            with pytest.raises(DeadlinePassed):
                await batcher(2)

    played(main)


def test_one_batch_that_was_slow_by_accident_is_not_the_last_one() -> None:
    async def main(host: BareHost, loop: VirtualLoop) -> None:
        slow = [10.0] * 3

        async def function(items: list[int]) -> list[int]:
            await asyncio.sleep(slow.pop() if slow else 0.02)
            return items

        batcher = Batcher(host, "hiccups", function)
        served = 0
        for _ in range(200):
            try:
                served += await batcher(1, within_s=0.1)
            except Overloaded:
                await asyncio.sleep(0.1)
        assert served >= 190

    played(main)


def test_more_than_may_wait_are_refused() -> None:
    async def main(host: BareHost, loop: VirtualLoop) -> None:
        batcher = Batcher(host, "double", Doubling().__call__, batch_max=1, queue_max=2)
        calls = [asyncio.ensure_future(batcher(0)) for _ in range(5)]
        found = await asyncio.gather(*calls, return_exceptions=True)
        assert sum(isinstance(one, Overloaded) for one in found) == 3

    played(main)


def test_an_incomplete_batch_waits_as_long_as_its_knob_says() -> None:
    async def main(host: BareHost, loop: VirtualLoop) -> None:
        double = Doubling()
        batcher = Batcher(host, "double", double.__call__, wait_ms=50.0, batch_max=3)
        calls = [asyncio.ensure_future(batcher(0))]
        await asyncio.sleep(0.04)
        calls.append(asyncio.ensure_future(batcher(2)))
        await asyncio.gather(*calls)
        assert loop.time() == pytest.approx(0.05 + 0.021)
        begin_s = loop.time()
        await asyncio.gather(*(batcher(0) for _ in range(3)))
        assert loop.time() - begin_s == pytest.approx(0.0215), "a complete one waits for nothing"
        assert [len(batch) for batch in double.batches] == [2, 3]

    played(main)


def test_several_batches_run_at_once_where_that_is_allowed() -> None:
    async def main(host: BareHost, loop: VirtualLoop) -> None:
        batcher = Batcher(host, "double", Doubling().__call__, batch_max=1, batches=4)
        await asyncio.gather(*(batcher(0) for _ in range(8)))
        assert loop.time() == pytest.approx(2 * 0.0205)

    played(main)


@settings(max_examples=60)
@given(st.integers(0, 2**32), st.integers(1, 6), st.integers(1, 3))
def test_whoever_is_cancelled_takes_nobody_with_it(seed: int, batch_max: int, batches: int) -> None:
    async def main(host: BareHost, loop: VirtualLoop) -> None:
        rng = random.Random(seed)
        double = Doubling()
        batcher = Batcher(host, "double", double.__call__, batch_max=batch_max, batches=batches)
        calls = []
        for n in range(40):
            calls.append((2 * n, asyncio.ensure_future(batcher(2 * n))))
            await asyncio.sleep(rng.expovariate(200.0))
            if rng.random() < 0.3:
                rng.choice(calls)[1].cancel()
        for item, call in calls:
            try:
                assert await call == 2 * item
            except asyncio.CancelledError:
                assert call.cancelled()
        assert batcher.waiting == 0
        seen = [item for batch in double.batches for item in batch]
        assert len(seen) == len(set(seen)), "no item is done twice"

    played(main)


def test_closing_serves_those_that_wait_and_takes_no_more() -> None:
    async def main(host: BareHost, loop: VirtualLoop) -> None:
        batcher = Batcher(host, "double", Doubling().__call__, batch_max=2)
        calls = [asyncio.ensure_future(batcher(2)) for _ in range(5)]
        await asyncio.sleep(0)
        await batcher.aclose()
        assert await asyncio.gather(*calls) == [4] * 5
        with pytest.raises(ConfigError, match="closed"):
            await batcher(2)

    played(main)


def test_a_plain_function_runs_beside_the_loop_in_a_thread_or_a_process() -> None:
    threads = []

    def noted(items: list[int]) -> list[int]:
        threads.append(threading.current_thread())
        return plain(items)

    async def main() -> None:
        batcher = Batcher(BareHost(), "double", noted)
        assert await asyncio.gather(*(batcher(n) for n in range(5))) == [0, 2, 4, 6, 8]
        with ProcessPoolExecutor(1) as pool:
            other: Batcher[int, int] = Batcher(BareHost(), "double", plain, executor=pool)
            assert await other(21) == 42

    asyncio.run(main())
    assert threads[0] is not threading.main_thread()


def test_what_makes_no_sense_is_refused_with_the_remedy() -> None:
    with ProcessPoolExecutor(1) as pool, pytest.raises(ConfigError, match="leave out the executor"):
        Batcher(BareHost(), "b", many, executor=pool)
    with pytest.raises(ConfigError, match="queue_max of batcher 'b'"):
        Batcher(BareHost(), "b", many, queue_max=0)
    batcher = Batcher(BareHost(), "b", many)
    assert asyncio.run(batcher(1)) == 2
    with pytest.raises(ConfigError, match="another event loop"):
        asyncio.run(batcher(1))
