"""Claims about tasks that are told to end."""

import asyncio
import gc
from typing import Any

import pytest

from homeostat.core.errors import NotAvailable
from homeostat.runtime.ending import ended, raised


async def _turns_its_cancellation_into_an_error(begun: asyncio.Event) -> None:
    begun.set()
    try:
        await asyncio.Event().wait()
    except asyncio.CancelledError:
        raise NotAvailable("it went away meanwhile") from None


async def _swallows_its_first_cancellation(begun: asyncio.Event) -> None:
    begun.set()
    try:
        await asyncio.Event().wait()
    except asyncio.CancelledError:
        await asyncio.Event().wait()


async def _began(work: Any) -> "asyncio.Task[None]":
    begun = asyncio.Event()
    task = asyncio.create_task(work(begun))
    await begun.wait()
    return task


def complaints(scene: Any) -> list[str]:
    """Return what the event loop had to say of exceptions that nobody asked for."""
    heard: list[str] = []

    async def run() -> None:
        asyncio.get_running_loop().set_exception_handler(lambda _, told: heard.append(told["message"]))
        await scene()
        await asyncio.sleep(0)
        gc.collect()

    asyncio.run(run())
    return heard


def test_what_a_task_raises_instead_of_ending_is_heard() -> None:
    async def scene() -> None:
        await ended([await _began(_turns_its_cancellation_into_an_error)])

    async def unheard() -> None:
        task = await _began(_turns_its_cancellation_into_an_error)
        task.cancel()
        await asyncio.wait([task])

    assert complaints(scene) == []
    assert complaints(unheard) == ["Task exception was never retrieved"]


def test_a_task_that_swallows_a_cancellation_is_cancelled_again() -> None:
    async def scene() -> None:
        task = await _began(_swallows_its_first_cancellation)
        await ended([task])
        assert task.cancelled()

    asyncio.run(scene())


def test_who_asks_what_was_raised_is_told_all_the_same() -> None:
    async def scene() -> None:
        tasks = [await _began(_turns_its_cancellation_into_an_error)]
        await ended(tasks)
        await asyncio.sleep(0)
        with pytest.raises(NotAvailable, match="went away"):
            raised(tasks)

    asyncio.run(scene())
