"""Claims about live updates: one rendering for all, bounded, slow clients dropped."""

import asyncio
import itertools
from collections.abc import AsyncGenerator

import msgspec

from homeostat.app.web.live import BACKLOG, CLIENTS_MAX, VIEWS_MAX, Live
from homeostat.core.losses import Losses


def content(event: bytes) -> str:
    assert event.startswith(b"event: view\ndata: ")
    return msgspec.json.decode(event.split(b"data: ", 1)[1], type=str)


async def next_view(stream: AsyncGenerator[bytes, None]) -> str:
    while True:
        event = await asyncio.wait_for(anext(stream), 60)
        if event.startswith(b"event: view"):
            return content(event)


async def share() -> None:
    renderings = itertools.count()
    live = Live(Losses(), interval_s=0.05)
    streams = [live.stream("a", lambda: f"<p>{next(renderings)}</p>") for _ in range(10)]
    firsts = await asyncio.gather(*(next_view(s) for s in streams))
    seconds = await asyncio.gather(*(next_view(s) for s in streams))
    assert len(set(firsts)) == 1
    assert len(set(seconds)) == 1
    assert firsts != seconds
    for stream in streams:
        await stream.aclose()
    assert live.clients == 0
    await live.close()


def test_all_clients_of_a_view_share_each_rendering() -> None:
    asyncio.run(share())


def test_a_view_that_does_not_change_is_sent_once() -> None:
    async def scenario() -> None:
        live = Live(Losses(), interval_s=0.01)
        stream = live.stream("a", lambda: "<p>same</p>")
        assert await next_view(stream) == "<p>same</p>"
        waiting = asyncio.ensure_future(anext(stream))
        done, _ = await asyncio.wait({waiting}, timeout=0.2)
        assert not done
        waiting.cancel()
        await live.close()

    asyncio.run(scenario())


def test_a_client_that_does_not_read_is_dropped_and_counted() -> None:
    async def scenario() -> None:
        losses = Losses()
        renderings = itertools.count()
        live = Live(losses, interval_s=0.005)
        lazy = live.stream("a", lambda: str(next(renderings)))
        await next_view(lazy)
        async with asyncio.timeout(60):
            while live.clients:  # noqa: ASYNC110 - it ends when the view gives its client up
                await asyncio.sleep(0.01)
        assert losses.totals() == {"web.live_client_too_slow": 1}
        left = [event async for event in lazy]
        assert len(left) <= BACKLOG
        await live.close()

    asyncio.run(scenario())


def test_clients_and_views_are_bounded() -> None:
    async def scenario() -> None:
        live = Live(Losses(), interval_s=60)
        streams = []
        for i in range(VIEWS_MAX):
            assert not live.full(str(i))
            streams.append(live.stream(str(i), lambda: ""))
            await anext(streams[-1])
        assert live.full("one more view")
        while live.clients < CLIENTS_MAX:
            assert not live.full("0")
            streams.append(live.stream("0", lambda: ""))
            await anext(streams[-1])
        assert live.full("0")
        await live.close()

    asyncio.run(scenario())


def test_a_rendering_that_fails_is_counted_and_the_next_one_is_sent() -> None:
    async def scenario() -> None:
        losses = Losses()
        answers = iter([RuntimeError("first"), "<p>second</p>"])

        def draw() -> str:
            answer = next(answers)
            if isinstance(answer, Exception):
                raise answer
            return answer

        live = Live(losses, interval_s=0.01)
        stream = live.stream("a", draw)
        assert await next_view(stream) == "<p>second</p>"
        assert losses.totals()["internal_error.live"] >= 1
        await live.close()

    asyncio.run(scenario())


def test_closing_ends_all_streams() -> None:
    async def scenario() -> None:
        live = Live(Losses(), interval_s=0.01)
        stream = live.stream("a", lambda: "x")
        await next_view(stream)
        await live.close()
        assert [event async for event in stream] == []
        assert live.full("a")

    asyncio.run(scenario())


def test_a_view_with_an_interval_of_its_own_is_rendered_at_it() -> None:
    async def scenario() -> None:
        renderings = itertools.count()
        live = Live(Losses(), interval_s=0.01)
        slow = live.stream("slow", lambda: f"<p>{next(renderings)}</p>", interval_s=30.0)
        assert await next_view(slow) == "<p>0</p>"
        quick = live.stream("quick", lambda: f"<p>{next(renderings)}</p>")
        for _ in range(3):
            await next_view(quick)
        waiting = asyncio.ensure_future(anext(slow))
        done, _ = await asyncio.wait({waiting}, timeout=0.1)
        assert not done
        waiting.cancel()
        await live.close()

    asyncio.run(scenario())
