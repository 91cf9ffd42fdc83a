"""The watch on the loop: tells what the loop of the assistant notices and does, as it comes."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

import httpx2
import msgspec

from homeostat.core.clock import SECOND_NS
from homeostat.core.verdict import State
from homeostat.judge.words.quantity import quantity
from homeostat.prove.ledger.entry import EntryKind

T = TypeVar("T")

LOOK_EVERY_S = 1.0
ENTRIES_MAX = 1_000
GONE = (httpx2.HTTPError, msgspec.DecodeError)
"""What an answer that failed raises: the next look asks again."""


class LoopTarget(msgspec.Struct):
    """A target of the loop, with the verdict on it."""

    target: str
    state: str
    value: float | None
    low: float | None
    high: float | None
    unit: str
    n: int
    since_ns: int

    @property
    def told(self) -> str:
        """What is known of it, such as `violated: mean(duration) < 1 s over 15 s (1.7 s; …)`."""
        if self.value is None or self.low is None or self.high is None:
            return f"{self.state}: {self.target}"
        value, low, high = (quantity(number, self.unit) for number in (self.value, self.low, self.high))
        return f"{self.state}: {self.target} ({value}; {low} to {high}, n = {self.n:,})"


class LoopKnob(msgspec.Struct):
    """A knob as it stands."""

    name: str
    value: bool | int | float | str
    default: bool | int | float | str


class Loop(msgspec.Struct):
    """What the loop published last."""

    targets: list[LoopTarget]
    knobs: list[LoopKnob]


class EntryNote(msgspec.Struct):
    """What an entry is about."""

    kind: EntryKind


class Entry(msgspec.Struct):
    """An entry of the ledger, in words."""

    number: int
    time_ns: int
    words: str
    note: EntryNote


class Entries(msgspec.Struct):
    """Some entries of the ledger."""

    entries: list[Entry]


@dataclass(frozen=True, slots=True)
class Told:
    """One thing that was told: seconds since the load began, what kind of thing, and words.

    The kind is that of a ledger's entry, `target` for a verdict that turned (its state is `state`), or
    `fault`.
    """

    at_s: float
    kind: str
    words: str
    state: str = ""
    number: int | None = None


class LoopWatch:
    """Asks the server at `endpoint` about the loop of a service once a second, and tells what is new."""

    def __init__(
        self,
        endpoint: str,
        service: str,
        begin_ns: int,
        tell: Callable[[Told], None],
        transport: httpx2.AsyncBaseTransport | None = None,
    ) -> None:
        self._service = service
        self._begin_ns = begin_ns
        self._tell = tell
        self._http = httpx2.AsyncClient(base_url=endpoint, timeout=10.0, trust_env=False, transport=transport)
        self._last = 0
        self._unripe: list[Entry] = []
        self._states: dict[str, str] = {}
        self.told: list[Told] = []
        self.loop: Loop | None = None

    async def watch(self) -> None:
        """Look again and again, until cancelled."""
        while True:
            await asyncio.sleep(LOOK_EVERY_S)
            await self.look()

    async def close(self) -> None:
        """Tell the last news, and hang up."""
        await self.look()
        await self.look()
        await self._http.aclose()

    async def look(self) -> None:
        """Look once; where the server does not answer, the next look will.

        Entries are told a look later, since verdicts come through the server a little after what they led to.
        """
        try:
            loop = await self._get(f"/api/loops/{self._service}", Loop)
            asked = {"service": self._service, "limit": str(ENTRIES_MAX)}
            if self._last:
                asked["after"] = str(self._last)
            entries = (await self._get("/api/ledger", Entries, asked)).entries
        except GONE:
            return
        self.loop = loop
        for target in loop.targets:
            if target.state not in (self._states.get(target.target), State.UNKNOWN.value):
                self._states[target.target] = target.state
                self.say(Told(self._at_s(target.since_ns), "target", target.told, target.state))
        new = [e for e in entries if e.number > self._last and e.time_ns >= self._begin_ns]
        self._last = max((entry.number for entry in new), default=self._last)
        ripe, self._unripe = self._unripe, sorted(new, key=lambda e: e.number)
        for entry in ripe:
            kind = entry.note.kind.value
            self.say(Told(self._at_s(entry.time_ns), kind, entry.words, number=entry.number))

    def say(self, told: Told) -> None:
        """Tell a thing and remember it."""
        self.told.append(told)
        self._tell(told)

    def _at_s(self, time_ns: int) -> float:
        return max((time_ns - self._begin_ns) / SECOND_NS, 0.0)

    async def _get(self, path: str, kind: type[T], asked: dict[str, str] | None = None) -> T:
        response = await self._http.get(path, params=asked)
        response.raise_for_status()
        return msgspec.json.decode(response.content, type=kind)
