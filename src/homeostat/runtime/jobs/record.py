"""The record of a job, and the nouns that go between a client, a worker and what keeps the records."""

import os
from enum import StrEnum

import msgspec

from homeostat.core.clock import DAY_NS, Clock

PRIORITY_MAX = 9
ERROR_CHARS_MAX = 2_000
NOTE_CHARS_MAX = 200

KEEP_DEAD_NS = 30 * DAY_NS
"""How long a dead job waits for somebody to look at it."""


def storable(text: str) -> str:
    """Return a text as every engine can keep it: PostgreSQL takes no NUL, none takes half a character."""
    return text.replace("\0", "\\x00").encode("utf-8", "backslashreplace").decode()


class State(StrEnum):
    """Where a job stands. The last three are final, until a dead one is sent again."""

    SCHEDULED = "scheduled"
    READY = "ready"
    RUNNING = "running"
    DONE = "done"
    DEAD = "dead"
    CANCELLED = "cancelled"

    @property
    def final(self) -> bool:
        """Whether nothing will happen any more unless somebody asks for it."""
        return self in (State.DONE, State.DEAD, State.CANCELLED)


class NewJob(msgspec.Struct, frozen=True, array_like=True):
    """A job to be kept. `due_ns` is wall time, 0 for now; `key` is empty where there is none."""

    id: str
    name: str
    arguments: str
    key: str
    priority: int
    due_ns: int
    made_ns: int
    keep_ns: int


class Job(msgspec.Struct, frozen=True):
    """A job as it is known. Times are wall time in nanoseconds, 0 where it has not come to that.

    `token` counts how often it was handed to a worker, which makes it the fencing token of the newest run;
    `failures` counts the runs that failed, `lost` those whose worker died or stood still. `progress` is a
    share from 0 to 1. `result` is JSON.
    """

    id: str
    name: str
    state: State
    key: str
    priority: int
    made_ns: int
    due_ns: int
    ended_ns: int
    token: int
    failures: int
    lost: int
    progress: float
    note: str
    result: str
    error: str


class Claim(msgspec.Struct, frozen=True, array_like=True):
    """A job handed to a worker, which alone may settle it, as long as the token is the newest."""

    id: str
    name: str
    arguments: str
    token: int
    failures: int
    waited_ms: float
    keep_ns: int


class Outcome(msgspec.Struct, frozen=True, array_like=True):
    """What became of one run: the state that it leaves the job in, and what comes with it.

    A job that goes back is READY or, with `delay_ns`, SCHEDULED. `failed` is 1 where the run failed.
    """

    id: str
    token: int
    state: State
    failed: int = 0
    delay_ns: int = 0
    keep_ns: int = 0
    result: str = ""
    error: str = ""


class Report(msgspec.Struct, frozen=True, array_like=True):
    """How far a running job has come, as its worker tells with each heartbeat."""

    id: str
    token: int
    progress: float = 0.0
    note: str = ""


class Depth(msgspec.Struct, frozen=True):
    """How much waits: ready jobs, those scheduled for later, those that run, dead ones; the oldest's age."""

    ready: int = 0
    scheduled: int = 0
    running: int = 0
    dead: int = 0
    oldest_age_ms: float = 0.0


def new_id(clock: Clock) -> str:
    """Return an id that nobody else draws, in the order of time: 48 bits of milliseconds, 80 of chance."""
    return f"{clock.now_ns() // 1_000_000:012x}{os.urandom(10).hex()}"
