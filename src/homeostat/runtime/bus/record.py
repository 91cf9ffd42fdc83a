"""The event as it is kept, and the nouns that go between a bus, its subscribers and what keeps the events."""

import msgspec

from homeostat.core.clock import DAY_NS
from homeostat.core.errors import HomeostatError

BODY_BYTES_MAX = 1 << 18
"""One event. What is larger belongs into a store, and its name in here."""

KEY_CHARS_MAX = 500

KEEP_DEAD_NS = 30 * DAY_NS
"""How long a dead letter waits for somebody to look at it."""

LETTERS_MAX = 100_000
"""Dead letters of one bus; beyond, the oldest go, and are counted."""


class BusFull(HomeostatError):
    """A subscriber is as far behind as it may be, and nothing was published: the message says who."""


class Superseded(HomeostatError):
    """Another process serves the subscriber by now, or its position was set anew."""


class Record(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """An event to be kept. `at_ns` is wall time; `body` is JSON."""

    name: str
    version: int
    key: str
    at_ns: int
    body: str


class Kept(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """An event that is kept. `position` counts up from 1; `letter` is its id where it was dead before."""

    position: int
    name: str
    version: int
    key: str
    at_ns: int
    body: str
    letter: str = ""


class Letter(msgspec.Struct, frozen=True, array_like=True):
    """A dead letter: an event that a subscriber could not take. `error` names what was raised, never more."""

    id: str
    subscriber: str
    position: int
    name: str
    version: int
    key: str
    at_ns: int
    body: str
    failures: int
    error: str
    dead_ns: int


class Settled(msgspec.Struct, frozen=True):
    """What became of events: `upto` is the last before which none is open, `taken` all that are over.

    `cleared` are letters that went well this time.
    """

    upto: int
    taken: tuple[int, ...] = ()
    dead: tuple[Letter, ...] = ()
    cleared: tuple[str, ...] = ()


class Seat(msgspec.Struct, frozen=True):
    """A subscriber that is served here. `token` changes with who serves it, and when its position is set."""

    token: int
    position: int


class Lag(msgspec.Struct, frozen=True):
    """How far a subscriber is: events before it, the age of the first, its letters, whether it is served."""

    subscriber: str
    position: int
    waiting: int
    oldest_age_ms: float
    dead: int
    served: bool


def letter_id(subscriber: str, position: int) -> str:
    """Return the id of the letter that an event would be to a subscriber."""
    return f"{subscriber}.{position}"
