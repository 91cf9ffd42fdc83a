"""Claims about the bell: who waits for news of a file is woken by whoever else has it open."""

import asyncio
import os
from contextlib import AsyncExitStack, suppress
from pathlib import Path

from homeostat.core.clock import SystemClock
from homeostat.runtime.bus.backend import Backend
from homeostat.runtime.bus.in_file.backend import file_backend
from homeostat.runtime.bus.in_file.bell import Bell
from homeostat.runtime.bus.record import Record
from homeostat.runtime.bus.settings import Settings
from homeostat.testing.eventually import eventually

LONG_S = 3_600.0
EVENT = Record("said", 1, "ann", 1, "{}")


def bells(path: Path) -> list[str]:
    return [one.name for one in path.with_name(f"{path.name}-bells").iterdir()]


async def opened(path: Path, stack: AsyncExitStack) -> Backend:
    """Return the bus as one more process has it."""
    settings = Settings("bus", str(path), 100, 60.0, 1_000, 3.0)
    backend = await file_backend(path, settings, SystemClock())
    stack.push_async_callback(backend.close)
    return backend


def test_who_waits_for_an_hour_has_the_event_of_another_process_at_once(tmp_path: Path) -> None:
    async def scene() -> None:
        async with AsyncExitStack() as stack:
            here, there = [await opened(tmp_path / "bus.db", stack) for _ in range(2)]
            for position in range(1, 4):
                waiting = asyncio.create_task(here.log.read("", 0, position - 1, 10, LONG_S))
                await asyncio.sleep(0)
                await there.log.append([EVENT])
                async with asyncio.timeout(60):
                    assert [one.position for one in await waiting] == [position]
        assert bells(tmp_path / "bus.db") == []

    asyncio.run(scene())


def test_what_a_killed_process_left_is_removed_and_others_hear_the_ring(tmp_path: Path) -> None:
    path, heard = tmp_path / "bus.db", []

    async def scene() -> None:
        link = tmp_path / "another name.db"
        link.symlink_to(path)
        here, there = Bell(path), Bell(link)
        here.hang(lambda: heard.append("here"))
        there.hang(lambda: heard.append("there"))
        os.mkfifo(path.with_name("bus.db-bells") / "1-left")
        assert len(bells(path)) == 3
        there.ring()
        await eventually(lambda: heard == ["here"])
        assert len(bells(path)) == 2
        here.take_down()
        there.ring()
        there.take_down()
        assert heard == ["here"]
        assert bells(path) == []

    asyncio.run(scene())


def test_a_bell_that_was_rung_more_often_than_its_pipe_holds_still_rings(tmp_path: Path) -> None:
    path, heard = tmp_path / "bus.db", []

    async def scene() -> None:
        here, there = Bell(path), Bell(path)
        here.hang(lambda: heard.append(1))
        (pipe,) = path.with_name("bus.db-bells").iterdir()
        end = os.open(pipe, os.O_WRONLY | os.O_NONBLOCK)
        with suppress(BlockingIOError):
            while os.write(end, bytes(4_096)):
                pass
        os.close(end)
        there.ring()
        await eventually(lambda: bool(heard))
        here.take_down()

    asyncio.run(scene())


def test_where_no_pipe_can_be_made_events_still_come_by_looking(tmp_path: Path) -> None:
    path = tmp_path / "bus.db"

    async def scene() -> None:
        async with AsyncExitStack() as stack:
            here, there = [await opened(path, stack) for _ in range(2)]
            path.with_name("bus.db-bells").write_text("a file where the folder would be")
            waiting = asyncio.create_task(here.log.read("", 0, 0, 10, LONG_S))
            await there.log.append([EVENT])
            async with asyncio.timeout(60):
                while not await waiting:
                    waiting = asyncio.create_task(here.log.read("", 0, 0, 10, LONG_S))

    asyncio.run(scene())
