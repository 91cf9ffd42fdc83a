"""News: what the parts of a companion, and other servers before the same people, are told of a person.

What is new of a person's messages is no event: the messages are kept, and the enrichment follows them.
"""

import asyncio
from collections.abc import Callable
from typing import Literal

import msgspec

from homeostat.runtime.bus.bus import Bus

What = Literal["edited", "removed"]


class Changed(msgspec.Struct, frozen=True):
    """Messages of a person were edited or removed: what was learned from them has to be learned anew."""

    person: str
    what: What


class Forgotten(msgspec.Struct, frozen=True):
    """Everything of a person was destroyed: nothing of them may be held in memory any more."""

    person: str


class Shared(msgspec.Struct, frozen=True):
    """A document of a shared state was changed."""

    state: str
    key: str


class News:
    """The events of a companion on its bus; other parts subscribe to `changed`, `forgotten` and `shared`.

    A name of a person is on the bus until all have taken the event, or nobody could for 30 days.
    """

    def __init__(self, bus: Bus) -> None:
        self.bus = bus
        self.changed = bus.kind(Changed, "companion.changed", key=lambda e: e.person)
        self.forgotten = bus.kind(Forgotten, "companion.forgotten", key=lambda e: e.person)
        self.shared = bus.kind(Shared, "companion.shared", key=lambda e: e.state)

    def tell_changed(self, person: str, what: What) -> None:
        """Tell that messages were edited or removed. Any thread may call it, and it never waits."""
        self.bus.tell(Changed(person, what))

    def tell_forgotten(self, person: str) -> None:
        """Tell that a person was forgotten."""
        self.bus.tell(Forgotten(person))

    def tell_shared(self, state: str, key: str) -> None:
        """Tell that a shared document was changed."""
        self.bus.tell(Shared(state, key))

    def when_changed(self, again: Callable[[str], None]) -> None:
        """Have what was learned of a person learned anew: in one process, whichever told of it."""
        self.bus.on(self.changed, "enrichment")(lambda event: again(event.person))

    def when_forgotten(self, drop: Callable[[str], None]) -> None:
        """Have each process let go of a person, wherever they were forgotten."""
        self.bus.on(self.forgotten, "memory", live=True)(lambda event: drop(event.person))

    def when_shared(self, state: str, synchronise: Callable[[], None]) -> None:
        """Have each process read a shared state anew, which happens in a thread."""

        async def read(event: Shared) -> None:
            if event.state == state:
                await asyncio.to_thread(synchronise)

        self.bus.on(self.shared, f"state-{state}", live=True)(read)
