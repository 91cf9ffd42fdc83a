"""Walks: frames streamed to who watches, at the pace at which they are read."""

import asyncio
from collections import OrderedDict, deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

import msgspec

from homeostat.companion.palace.walk import FRAMES_A_SECOND, Frame, Walk
from homeostat.core.clock import SECOND_NS, Clock
from homeostat.core.errors import HomeostatError, InputError
from homeostat.runtime.host import Host

WALKS_MAX = 256
WALKS_A_PERSON = 4
IDLE_NS = 600 * SECOND_NS
"""A walk that nobody watches is forgotten after ten minutes."""

WINDOW_MAX = 30
WINDOW_MIN = 6
"""Frames that may be on their way at once. Beyond, frames are left out until some arrived. The window is
halved where they arrive late and grows by one where they do not (Chiu and Jain 1989), so that a slow reader
sees what is, not what was. A watcher acknowledges at least every fifth frame."""

LATE_NS = SECOND_NS // 4

STALLED_S = 10.0
"""A watcher who acknowledges nothing for so long is gone."""

FRAME_NS = SECOND_NS // FRAMES_A_SECOND

Send = Callable[[str], Awaitable[None]]
Sleep = Callable[[float], Awaitable[None]]

_encoder = msgspec.json.Encoder()


class WalkUnknown(HomeostatError):
    """There is no walk with this id (any more)."""


@dataclass(eq=False, slots=True)
class Session:
    """A walk with its id, and how far who watches it has come.

    `acknowledged` is the last frame that arrived, -1 before the first; `dropped` counts frames that were
    left out because the watcher was slow. Who watches last has the walk: `watchers` counts them.
    """

    id: str
    person: str
    walk: Walk
    used_ns: int
    acknowledged: int = -1
    sent: int = 0
    dropped: int = 0
    window: int = WINDOW_MAX
    watched: bool = False
    watchers: int = 0
    started_ns: int = 0
    on_their_way: deque[int] = field(default_factory=deque)
    halved_at: int = -1
    arrived: asyncio.Event = field(default_factory=asyncio.Event)


class Walks:
    """The walks that are under way, by their ids; bounded, those that nobody watches go first.

    Lives on one event loop. `make_id` returns an id that nobody guesses: who has it sees the walk.
    """

    def __init__(self, host: Host, make_id: Callable[[], str], sleep: Sleep = asyncio.sleep) -> None:
        self._clock: Clock = host.clock
        self._make_id = make_id
        self._sleep = sleep
        self._sessions: OrderedDict[str, Session] = OrderedDict()
        self._active = host.gauge("companion.walk.active", "1")
        self._sent = host.counter("companion.walk.frames", "1", event="sent")
        self._dropped = host.counter("companion.walk.frames", "1", event="dropped")
        self._gap = host.histogram("companion.walk.frame_gap", "ms")

    def __len__(self) -> int:
        return len(self._sessions)

    def begin(self, person: str, walk: Walk) -> Session:
        """Take a walk in; raise InputError where the person, or all together, have too many under way."""
        self._forget_idle()
        own = [session for session in self._sessions.values() if session.person == person]
        if len(own) >= WALKS_A_PERSON:
            self._make_room(own, f"{WALKS_A_PERSON} walks of one person are watched: end one of them")
        if len(self._sessions) >= WALKS_MAX:
            self._make_room(list(self._sessions.values()), f"{WALKS_MAX} walks are watched: try again later")
        session = Session(self._make_id(), person, walk, self._clock.monotonic_ns())
        self._sessions[session.id] = session
        return session

    def find(self, id: str) -> Session:
        """Return a walk that is under way. Raises WalkUnknown."""
        self._forget_idle()
        session = self._sessions.get(id)
        if session is None:
            raise WalkUnknown("there is no such walk (any more): begin it again")
        return session

    def drop(self, person: str) -> None:
        """Forget all walks of a person; those that are watched end with their next frame."""
        for id in [session.id for session in self._sessions.values() if session.person == person]:
            self._sessions.pop(id).arrived.set()

    def acknowledge(self, session: Session, number: int) -> None:
        """Note that all frames up to a number have arrived; a number that was not sent means nothing."""
        waiting = session.on_their_way
        if not waiting or not waiting[0] <= number <= waiting[-1]:
            return
        newest = waiting[-1]
        while waiting and waiting[0] <= number:
            waiting.popleft()
        session.acknowledged = number
        session.used_ns = self._clock.monotonic_ns()
        if session.used_ns - session.started_ns - number * FRAME_NS <= LATE_NS:
            session.window = min(session.window + 1, WINDOW_MAX)
        elif number > session.halved_at:
            session.window = max(session.window // 2, WINDOW_MIN)
            session.halved_at = newest
        session.arrived.set()

    async def stream(self, session: Session, send: Send, begin: int | None = None) -> bool:
        """Send the frames from `begin`, or from behind the last acknowledged one, 60 a second, to the end.

        Each is sent when its time has come; what cannot be sent in time is left out and counted. Return
        whether the end was reached: False where the watcher acknowledged nothing for `STALLED_S`, the walk
        was dropped, or it is watched over a newer connection: a lost one is often noticed late. What `send`
        raises is raised; the walk can be watched again from where it was.
        """
        session.watched = True
        session.watchers += 1
        watcher = session.watchers
        session.arrived.set()
        self._active.set(float(sum(one.watched for one in self._sessions.values())))
        try:
            first = session.acknowledged + 1 if begin is None else begin
            return await self._stream(session, send, first, watcher)
        finally:
            if session.watchers == watcher:
                session.watched = False
                session.used_ns = self._clock.monotonic_ns()
            self._active.set(float(sum(one.watched for one in self._sessions.values())))

    async def _stream(self, session: Session, send: Send, begin: int, watcher: int) -> bool:
        walk = session.walk
        number = min(max(begin, 0), walk.frames - 1)
        session.acknowledged = session.halved_at = number - 1
        session.on_their_way.clear()
        session.window = WINDOW_MAX
        started = session.started_ns = self._clock.monotonic_ns() - number * FRAME_NS
        last_ns = 0
        while session.id in self._sessions and session.watchers == watcher:
            if len(session.on_their_way) >= session.window:
                if not await self._some_arrived(session):
                    return False
                continue
            now = self._clock.monotonic_ns()
            due = started + number * FRAME_NS
            if now < due:
                await self._sleep((due - now) / SECOND_NS)
                now = self._clock.monotonic_ns()
            newest = min((now - started) // FRAME_NS, walk.frames - 1)
            if newest > number:
                session.dropped += newest - number
                self._dropped.add(float(newest - number))
                number = newest
            session.on_their_way.append(number)
            await send(encoded(walk.frame(number)))
            session.sent += 1
            self._sent.add(1.0)
            if last_ns:
                self._gap.record((now - last_ns) / 1e6)
            last_ns = now
            number += 1
            if number == walk.frames:
                return True
        return False

    async def _some_arrived(self, session: Session) -> bool:
        session.arrived.clear()
        before = session.acknowledged
        try:
            async with asyncio.timeout(STALLED_S):
                await session.arrived.wait()
        except TimeoutError:
            return False
        return session.acknowledged > before

    def _make_room(self, sessions: list[Session], why: str) -> None:
        idle = [session for session in sessions if not session.watched]
        if not idle:
            raise InputError(why)
        del self._sessions[min(idle, key=lambda session: session.used_ns).id]

    def _forget_idle(self) -> None:
        now = self._clock.monotonic_ns()
        old = [s.id for s in self._sessions.values() if not s.watched and now - s.used_ns > IDLE_NS]
        for id in old:
            del self._sessions[id]


def encoded(frame: Frame) -> str:
    """Return a frame as it is sent: JSON with its fields by name."""
    return _encoder.encode(frame).decode()
