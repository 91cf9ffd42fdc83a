"""The session: a dream under way, and what who watches it is told."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Literal

import msgspec

from homeostat.companion.dream.scene import How, Replayed, Scene, Shape, Steering

REQUEST = "companion.dream"
"""The request that a dream is; each stage is an operation of it."""

Stage = Literal["initialise", "prepare", "generate", "integrate", "deliver"]
Outcome = Literal["whole", "stopped", "refused", "empty", "failed"]


class Staged(msgspec.Struct, frozen=True, tag_field="kind", tag="dream.stage"):
    """A stage was begun."""

    stage: Stage


class Chose(msgspec.Struct, frozen=True, tag_field="kind", tag="dream.replay"):
    """The memories were chosen."""

    replayed: tuple[Replayed, ...]


class Steered(msgspec.Struct, frozen=True, tag_field="kind", tag="dream.steered"):
    """It goes on in another way from here."""

    steering: Steering


class Ended(msgspec.Struct, frozen=True, tag_field="kind", tag="dream.end"):
    """It ended: how, why where that is not plain, and what it has come to."""

    name: str
    how: Outcome
    scenes: int
    dropped: int
    why: str = ""


Event = Staged | Chose | Scene | Steered | Ended


@dataclass(eq=False, slots=True)
class Session:
    """A dream under way. It lives on one event loop.

    `pace_s` is the time between two scenes, in which it may be steered. `stop_ns` and `ended_ns` are moments
    of the monotonic clock, 0 where it was not stopped, or goes on.
    """

    name: str
    person: str
    how: How
    steering: Steering
    began_us: int
    began_ns: int
    pace_s: float = 0.0
    events: list[Event] = field(default_factory=list)
    scenes: list[Scene] = field(default_factory=list)
    dropped: int = 0
    ended: Ended | None = None
    stop_ns: int = 0
    ended_ns: int = 0
    stopping: asyncio.Event = field(default_factory=asyncio.Event)
    _news: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def shape(self) -> Shape:
        """The shape that it has now."""
        return self.steering.shape or Shape.LINEAR

    def prefer(self, shape: Shape) -> None:
        """Have it take a shape where none was asked for."""
        if self.steering.shape is None:
            self.steering = Steering(shape=shape).over(self.steering)

    def tell(self, event: Event) -> None:
        """Tell who watches; nothing follows the end."""
        if self.ended is not None:
            return
        if isinstance(event, Scene):
            self.scenes.append(event)
        if isinstance(event, Ended):
            self.ended = event
        self.events.append(event)
        news, self._news = self._news, asyncio.Event()
        news.set()

    def end(self, how: Outcome, now_ns: int, why: str = "") -> None:
        """Tell that it ended, unless it has."""
        if self.ended is None:
            self.tell(Ended(self.name, how, len(self.scenes), self.dropped, why))
            self.ended_ns = now_ns

    def stop(self, now_ns: int) -> None:
        """End it at once, and have what computes for it left behind."""
        if self.ended is None:
            self.stop_ns = now_ns
            self.end("stopped", now_ns)
            self.stopping.set()

    async def watch(self, after: int = 0) -> AsyncIterator[Event]:
        """Yield all that is told from the event number `after` on, as it comes, to the end."""
        at = max(after, 0)
        while True:
            news = self._news
            while at < len(self.events):
                yield self.events[at]
                at += 1
            if self.ended is not None:
                return
            await news.wait()
