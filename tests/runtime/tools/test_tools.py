"""Graphs of calls: as wide as they may be, each behind what it needs, whatever fails."""

import asyncio
import random
import threading
from collections.abc import Awaitable, Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from homeostat.runtime.limits.deadline import CutOff, within
from homeostat.runtime.limits.refused import DeadlinePassed
from homeostat.runtime.tools.call import Call, Skipped
from homeostat.runtime.tools.tools import Tools
from homeostat.testing.bare_host import BareHost
from homeostat.testing.virtual_time import VirtualLoop, run_virtual


def played(main: Callable[[BareHost, VirtualLoop], Awaitable[None]]) -> BareHost:
    loop = VirtualLoop()
    host = BareHost(loop)

    async def run() -> None:
        await main(host, loop)

    run_virtual(run(), loop)
    return host


async def second(*arguments: object, **found: object) -> tuple[object, ...]:
    await asyncio.sleep(1.0)
    return (*arguments, *found.items())


def test_independent_calls_run_side_by_side_and_results_are_handed_on() -> None:
    async def main(host: BareHost, loop: VirtualLoop) -> None:
        ran = await Tools(host, "tools").run(
            {
                "answer": Call(second, ("q",), needs=("search", "news")),
                "search": Call(second, (1,)),
                "news": Call(second, (2,)),
            }
        )
        assert ran["answer"] == ("q", ("search", (1,)), ("news", (2,)))
        assert loop.time() == pytest.approx(2.0)

    host = played(main)
    assert host.snapshot("tools.at_once", tools="tools").maximum == pytest.approx(2.0)


def test_no_more_run_at_once_than_the_knob_says_and_the_longest_chain_goes_first() -> None:
    async def main(host: BareHost, loop: VirtualLoop) -> None:
        tools = Tools(host, "tools", at_once=2)
        begun: list[str] = []

        def noted(name: str) -> Call:
            async def call(**_: object) -> None:
                begun.append(name)
                await asyncio.sleep(1.0)

            return Call(call, tool="any", needs=("b",) if name == "c" else ())

        await tools.run({name: noted(name) for name in ("x", "y", "z", "b", "c")})
        assert loop.time() == pytest.approx(3.0)
        assert begun[-1] == "c" or "c" in begun[3:]
        assert "b" in begun[2:3], "of those that wait, the one that another waits for goes first"

    played(main)


def test_what_fails_stops_only_what_needs_it() -> None:
    async def fails() -> None:
        raise OSError("the tool is away")

    async def main(host: BareHost, loop: VirtualLoop) -> None:
        ran = await Tools(host, "tools").run(
            {
                "broken": Call(fails),
                "user": Call(second, needs=("broken",)),
                "users_user": Call(second, needs=("user",)),
                "other": Call(second),
            }
        )
        assert ran["other"] == ()
        with pytest.raises(OSError, match="away"):
            ran["broken"]
        with pytest.raises(Skipped, match="'user', which it needs, failed"):
            ran["users_user"]

    assert played(main).total("tools.skipped", tools="tools") == 2


def test_past_the_deadline_nothing_is_begun() -> None:
    async def main(host: BareHost, loop: VirtualLoop) -> None:
        tools = Tools(host, "tools", at_once=1)
        with within(host, 1.5):
            ran = await tools.run({str(n): Call(second, (n,)) for n in range(4)})
        assert set(ran.results) == {"0", "1"}
        assert all(isinstance(error, DeadlinePassed) for error in ran.errors.values())
        with pytest.raises(CutOff):
            async with within(host, 0.5):
                await tools.run({"a": Call(second)})
        assert (await tools.run({"a": Call(second)}))["a"] == ()

    played(main)


@settings(max_examples=50)
@given(st.integers(0, 2**32), st.integers(1, 4))
def test_no_permit_is_lost_whatever_is_cancelled(seed: int, at_once: int) -> None:
    async def main(host: BareHost, loop: VirtualLoop) -> None:
        rng = random.Random(seed)
        tools = Tools(host, "tools", at_once=at_once)
        running = most = 0

        async def call(**_: object) -> None:
            nonlocal running, most
            running += 1
            most = max(most, running)
            try:
                await asyncio.sleep(rng.random())
            finally:
                running -= 1

        def graph() -> dict[str, Call]:
            return {
                str(n): Call(call, needs=tuple(str(m) for m in range(n) if rng.random() < 0.3))
                for n in range(6)
            }

        tasks = []
        for _ in range(6):
            tasks.append(asyncio.ensure_future(tools.run(graph())))
            await asyncio.sleep(rng.random() * 0.5)
            if rng.random() < 0.5:
                rng.choice(tasks).cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        assert most <= at_once
        begin_s = loop.time()
        ran = await tools.run({str(n): Call(second) for n in range(2 * at_once)})
        assert not ran.errors
        assert loop.time() - begin_s == pytest.approx(2.0)

    played(main)


def test_a_plain_function_runs_in_a_thread() -> None:
    async def main() -> None:
        ran = await Tools(BareHost(), "tools").run({"who": Call(threading.get_ident)})
        assert ran["who"] != threading.get_ident()

    asyncio.run(main())


def test_that_more_at_once_are_slower_is_learned_from_running() -> None:
    async def main(host: BareHost, loop: VirtualLoop) -> None:
        rng = random.Random(1)
        tools = Tools(host, "tools", at_once=8)
        running = 0

        async def contended() -> None:
            nonlocal running
            running += 1
            await asyncio.sleep((1.5 if running > 4 else 1.0) * rng.lognormvariate(0.0, 0.2))
            running -= 1

        for _ in range(300):
            await tools.run({str(n): Call(contended, tool="search") for n in range(rng.choice((1, 2, 4, 8)))})
        (first, *_) = tools.side_by_side.findings()
        assert first.words.startswith(("more than 3", "more than 4"))
        assert first.ratio.low > 0.1

    played(main)
