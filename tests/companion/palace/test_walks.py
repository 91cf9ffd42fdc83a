"""Walks are streamed at the pace of who reads, and go on where they were."""

import asyncio
from collections.abc import Coroutine
from itertools import count
from typing import Any, TypeVar

import msgspec
import numpy as np
import pytest

from homeostat.companion.palace.views import Kind, Room
from homeostat.companion.palace.walk import Frame, Walk
from homeostat.companion.palace.walks import (
    IDLE_NS,
    STALLED_S,
    WALKS_A_PERSON,
    WALKS_MAX,
    WINDOW_MAX,
    WINDOW_MIN,
    Session,
    Walks,
    WalkUnknown,
)
from homeostat.core.clock import SECOND_NS
from homeostat.core.errors import InputError
from homeostat.testing.bare_host import BareHost
from homeostat.testing.clock import ManualClock
from homeostat.testing.virtual_time import VirtualLoop, run_virtual

T = TypeVar("T")

SEEN = np.zeros((1, 3), np.float32)


def a_walk(far: float = 8.0) -> Walk:
    """A walk of some seconds between two rooms."""
    rooms = [Room(f"topic-{i}", Kind.TOPIC, "", (far * i, 0.0, 0.0), 1.0, 5) for i in range(2)]
    return Walk(rooms, np.array([7]), SEEN)


class Watcher:
    """Reads frames, each after a while, and acknowledges every so many."""

    def __init__(self, walks: Walks, session: Session, delay_s: float = 0.0, every: int = 5) -> None:
        self.walks = walks
        self.session = session
        self.delay_s = delay_s
        self.every = every
        self.frames: list[Frame] = []
        self.at: list[float] = []
        self.deaf = False
        self.gone_after = 10**9

    async def send(self, text: str) -> None:
        """Take a frame."""
        if len(self.frames) >= self.gone_after:
            raise ConnectionResetError
        if self.delay_s:
            await asyncio.sleep(self.delay_s)
        self.frames.append(msgspec.json.decode(text, type=Frame))
        self.at.append(asyncio.get_running_loop().time())
        if not self.deaf and len(self.frames) % self.every == 0:
            self.walks.acknowledge(self.session, self.frames[-1].number)

    @property
    def numbers(self) -> list[int]:
        """Return the numbers of the frames that came."""
        return [frame.number for frame in self.frames]


class Scene:
    """Walks in virtual time."""

    def __init__(self) -> None:
        self.loop = VirtualLoop()
        self.host = BareHost(self.loop)
        ids = count()
        self.walks = Walks(self.host, lambda: f"walk {next(ids)}")

    def run(self, main: Coroutine[Any, Any, T]) -> T:
        """Run to the end."""
        return run_virtual(main, self.loop)


def test_a_reader_who_keeps_up_gets_every_frame_at_its_time() -> None:
    scene = Scene()

    async def main() -> tuple[bool, Watcher]:
        session = scene.walks.begin("ann", a_walk())
        watcher = Watcher(scene.walks, session)
        return await scene.walks.stream(session, watcher.send), watcher

    ended, watcher = scene.run(main())
    assert ended
    assert watcher.numbers == list(range(watcher.session.walk.frames))
    gaps = np.diff(watcher.at) * 1e3
    assert gaps.max() < 16.8
    assert watcher.session.dropped == 0
    assert scene.host.total("companion.walk.frames", event="sent") == len(watcher.frames)


def test_a_slow_reader_gets_fewer_frames_and_the_rest_is_counted() -> None:
    scene = Scene()

    async def main() -> Watcher:
        session = scene.walks.begin("ann", a_walk())
        watcher = Watcher(scene.walks, session, delay_s=0.1, every=1)
        assert await scene.walks.stream(session, watcher.send)
        return watcher

    watcher = scene.run(main())
    total = watcher.session.walk.frames
    assert len(watcher.frames) < total / 4
    assert len(watcher.frames) + watcher.session.dropped == total
    assert watcher.numbers == sorted(set(watcher.numbers))
    assert watcher.numbers[-1] == total - 1
    assert scene.host.total("companion.walk.frames", event="dropped") == watcher.session.dropped


def test_who_acknowledges_late_never_has_more_than_half_a_second_on_its_way() -> None:
    scene = Scene()
    most = 0

    async def main() -> Watcher:
        nonlocal most
        session = scene.walks.begin("ann", a_walk())
        watcher = Watcher(scene.walks, session, every=10**9)
        streaming = asyncio.create_task(scene.walks.stream(session, watcher.send))
        while not streaming.done():
            await asyncio.sleep(1.0)
            most = max(most, len(session.on_their_way))
            scene.walks.acknowledge(session, watcher.numbers[-1])
        return watcher

    watcher = scene.run(main())
    assert 0 < most <= WINDOW_MAX
    assert watcher.session.dropped > 0


def test_a_reader_who_takes_ten_a_second_soon_sees_what_is_and_not_what_was() -> None:
    scene = Scene()
    behind: list[int] = []

    async def main() -> int:
        session = scene.walks.begin("ann", a_walk(40.0))
        arrived: asyncio.Queue[str] = asyncio.Queue()
        streaming = asyncio.create_task(scene.walks.stream(session, arrived.put))
        while not streaming.done() or not arrived.empty():
            frame = msgspec.json.decode(await arrived.get(), type=Frame)
            now = int(scene.loop.time() * 60)
            behind.append(min(now, session.walk.frames - 1) - frame.number)
            scene.walks.acknowledge(session, frame.number)
            await asyncio.sleep(0.1)
        return session.dropped

    assert scene.run(main()) > 0
    assert max(behind) <= 6 * WINDOW_MAX
    assert max(behind[60:]) <= 6 * WINDOW_MIN + 6


def test_who_acknowledges_nothing_is_given_up_and_may_come_again() -> None:
    scene = Scene()

    async def main() -> tuple[bool, float, Watcher, bool]:
        session = scene.walks.begin("ann", a_walk())
        watcher = Watcher(scene.walks, session)
        watcher.deaf = True
        ended = await scene.walks.stream(session, watcher.send)
        took_s = scene.loop.time()
        watcher.deaf = False
        again = await scene.walks.stream(scene.walks.find(session.id), watcher.send)
        return ended, took_s, watcher, again

    ended, took_s, watcher, again = scene.run(main())
    assert not ended
    assert took_s == pytest.approx(STALLED_S + WINDOW_MAX / 60, abs=0.1)
    assert again
    assert watcher.numbers[WINDOW_MAX] == 0


def test_after_a_lost_connection_it_goes_on_behind_the_last_acknowledged_frame() -> None:
    scene = Scene()

    async def main() -> tuple[Watcher, Watcher]:
        session = scene.walks.begin("ann", a_walk())
        lost = Watcher(scene.walks, session)
        lost.gone_after = 48
        with pytest.raises(ConnectionResetError):
            await scene.walks.stream(session, lost.send)
        await asyncio.sleep(120)
        back = Watcher(scene.walks, scene.walks.find(session.id))
        assert await scene.walks.stream(back.session, back.send)
        return lost, back

    lost, back = scene.run(main())
    assert lost.numbers == list(range(48))
    assert back.numbers == list(range(45, back.session.walk.frames))


def test_a_newer_connection_takes_the_walk_over() -> None:
    scene = Scene()

    async def main() -> tuple[bool, Watcher]:
        session = scene.walks.begin("ann", a_walk())
        old, new = Watcher(scene.walks, session), Watcher(scene.walks, session)
        first = asyncio.create_task(scene.walks.stream(session, old.send))
        await asyncio.sleep(0.5)
        assert await scene.walks.stream(session, new.send, begin=10)
        return await first, new

    ended, new = scene.run(main())
    assert not ended
    assert new.numbers == list(range(10, new.session.walk.frames))


def test_walks_of_a_person_who_is_forgotten_end_at_once() -> None:
    scene = Scene()

    async def main() -> tuple[bool, int]:
        session = scene.walks.begin("ann", a_walk())
        watcher = Watcher(scene.walks, session)
        streaming = asyncio.create_task(scene.walks.stream(session, watcher.send))
        await asyncio.sleep(0.5)
        scene.walks.drop("ann")
        return await streaming, len(watcher.frames)

    ended, frames = scene.run(main())
    assert not ended
    assert frames <= 32
    assert len(scene.walks) == 0


def test_acknowledgements_of_what_was_never_sent_mean_nothing() -> None:
    walks = Walks(BareHost(), lambda: "x")
    session = walks.begin("ann", a_walk())
    for number in (-7, -1, 10**9):
        walks.acknowledge(session, number)
    assert session.acknowledged == -1


def test_walks_nobody_watches_are_forgotten_and_make_room() -> None:
    clock = ManualClock()
    ids = count()
    walks = Walks(BareHost(clock), lambda: str(next(ids)))
    first = walks.begin("ann", a_walk())
    for _ in range(WALKS_A_PERSON):
        clock.advance(1)
        walks.begin("ann", a_walk())
    with pytest.raises(WalkUnknown):
        walks.find(first.id)
    assert len(walks) == WALKS_A_PERSON
    clock.advance(IDLE_NS / SECOND_NS + 1)
    walks.begin("bob", a_walk())
    assert len(walks) == 1


def test_too_many_that_are_watched_are_refused() -> None:
    ids = count()
    walks = Walks(BareHost(), lambda: str(next(ids)))
    walk = a_walk()
    for number in range(WALKS_MAX):
        walks.begin(f"person {number // WALKS_A_PERSON}", walk).watched = True
    with pytest.raises(InputError, match="4 walks of one person"):
        walks.begin("person 0", walk)
    with pytest.raises(InputError, match="256 walks are watched"):
        walks.begin("somebody", walk)
