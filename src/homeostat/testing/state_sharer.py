"""A sharer: a process that changes documents of a shared state, `python -m homeostat.testing.state_sharer`.

It says what it does line by line, and what it measured of itself where it is ended by SIGTERM.
"""

import asyncio
import os
import random
import signal
import sys
import time
from collections import defaultdict
from collections.abc import Mapping
from pathlib import Path

import msgspec

from homeostat.core.clock import SystemClock
from homeostat.core.errors import HomeostatError
from homeostat.runtime.bus import Bus
from homeostat.runtime.state import SharedState
from homeostat.runtime.state.in_file import FileShelf
from homeostat.runtime.state.on_redis import RedisShelf
from homeostat.testing.bare_host import BareHost

FOLDER, REDIS, NAME = "STATE_FOLDER", "STATE_REDIS", "STATE_NAME"
DOCUMENTS, A_SECOND = "STATE_DOCUMENTS", "STATE_A_SECOND"
STATE = "board"
LOOK_S = 0.02
"""How often a process says what its copy holds."""


class Told(msgspec.Struct, frozen=True):
    """A document was changed."""

    key: str


class Change(msgspec.Struct, frozen=True, tag=True):
    """A change that was acknowledged: the `number`th that a process tried of the document."""

    by: str
    key: str
    number: int
    version: int
    kept_ns: int


class Refused(msgspec.Struct, frozen=True, tag=True):
    """A change that was not acknowledged, or a copy that could not be read."""

    what: str
    error: str
    at_ns: int


class Seen(msgspec.Struct, frozen=True, tag=True):
    """A version of another process that came into a copy because somebody told of it."""

    sync_ms: float


class Look(msgspec.Struct, frozen=True, tag=True):
    """What a copy held: the version of each document."""

    at_ns: int
    versions: dict[str, int]


class Measured(msgspec.Struct, frozen=True, tag=True):
    """What a process measured of itself."""

    conflicts: float
    resolved: float
    resolving_ms_p99: float | None
    uptime: float
    fallbacks: float


Line = Change | Refused | Seen | Look | Measured


def shelf_at(environment: Mapping[str, str]) -> FileShelf | RedisShelf:
    """Return what keeps the documents: in Redis where one is named, else in a file."""
    if REDIS in environment:
        return RedisShelf(environment[REDIS])
    return FileShelf(Path(environment[FOLDER]) / "state.db")


class Sharer:
    """One of those who share the documents."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        self._name = environment[NAME]
        self._keys = [f"d{n}" for n in range(int(environment[DOCUMENTS]))]
        self._a_second = float(environment[A_SECOND])
        self._host = BareHost(SystemClock())
        self._bus = Bus(self._host, environment.get(REDIS) or f"{environment[FOLDER]}/bus.db")
        told = self._bus.kind(Told, "told", key=lambda e: STATE)
        self._state = SharedState(
            self._host, shelf_at(environment), STATE, changed=lambda state, key: self._bus.tell(Told(key))
        )
        self._known: dict[str, int] = {}

        @self._bus.on(told, "copies", live=True)
        async def synchronise(event: Told) -> None:
            await asyncio.to_thread(self._state.synchronise)
            self._say_what_is_new()

    async def run(self) -> None:
        """Change documents and say what the copy holds, until SIGTERM; then say what was measured."""
        ended = asyncio.Event()
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, ended.set)
        async with self._bus as bus:
            await bus.backend()
            view = await asyncio.to_thread(self._state.view)
            self._known = {key: document.version for key, document in view.documents.items()}
            beside = [asyncio.create_task(part) for part in (bus.serve(), self._look())]
            await self._change_until(ended)
            for part in beside:
                part.cancel()
            await asyncio.gather(*beside, return_exceptions=True)
        _say(self._measured())

    async def _change_until(self, ended: asyncio.Event) -> None:
        chance = random.Random(self._name)  # noqa: S311 - no secret
        numbers: dict[str, int] = defaultdict(int)
        due_s = time.monotonic()
        while not ended.is_set():
            if self._a_second:
                due_s += chance.expovariate(self._a_second)
                await asyncio.sleep(max(0.0, due_s - time.monotonic()))
            key = chance.choice(self._keys)
            numbers[key] += 1
            try:
                _say(await asyncio.to_thread(self._changed, key, numbers[key]))
            except HomeostatError as error:
                _say(Refused("change", type(error).__name__, time.time_ns()))
                await asyncio.sleep(LOOK_S)

    def _changed(self, key: str, number: int) -> Change:
        """Set a field of one's own and one that all set."""
        base = self._state.get(key)
        value = {**(base.value if base else {}), self._name: number, "last": self._name}
        document = self._state.put(key, value, base)
        return Change(self._name, key, number, document.version, time.time_ns())

    def _say_what_is_new(self) -> None:
        now_ns = time.time_ns()
        for key, document in self._state.view().documents.items():
            if self._known.get(key, 0) < document.version and document.value["last"] != self._name:
                _say(Seen((now_ns - document.at_ns) / 1e6))
            self._known[key] = document.version

    async def _look(self) -> None:
        while True:
            at_ns = time.time_ns()
            try:
                view = await asyncio.to_thread(self._state.view)
            except HomeostatError as error:
                _say(Refused("look", type(error).__name__, at_ns))
            else:
                _say(Look(at_ns, {key: document.version for key, document in view.documents.items()}))
            await asyncio.sleep(LOOK_S)

    def _measured(self) -> Measured:
        host, part = self._host, f"{STATE}_state"
        return Measured(
            host.total("state.conflicts", state=STATE, outcome="found"),
            host.total("state.conflicts", state=STATE, outcome="resolved"),
            host.snapshot("state.resolving", state=STATE).p99,
            host.snapshot("part.uptime", part=part).last,
            host.snapshot("part.fallbacks", part=part).mean,
        )


def _say(line: Line) -> None:
    sys.stdout.buffer.write(msgspec.json.encode(line) + b"\n")
    sys.stdout.buffer.flush()


if __name__ == "__main__":
    asyncio.run(Sharer(os.environ).run())
