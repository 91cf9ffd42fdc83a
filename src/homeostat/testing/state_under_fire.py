"""Shared state under fire: processes change the same documents at once, are killed, and all is counted."""

import os
import signal
import time
from bisect import bisect_left
from collections import defaultdict, deque
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from types import TracebackType
from typing import Self, TypeVar

import msgspec

from homeostat.core.clock import SystemClock
from homeostat.runtime.state import Document, SharedState
from homeostat.testing import state_sharer
from homeostat.testing.bare_host import BareHost
from homeostat.testing.faults.victim import Victim
from homeostat.testing.state_sharer import (
    A_SECOND,
    DOCUMENTS,
    FOLDER,
    NAME,
    REDIS,
    STATE,
    Change,
    Line,
    Look,
    Measured,
    shelf_at,
)

TIMEOUT_S = 120.0
L = TypeVar("L", bound=msgspec.Struct)

_line: msgspec.json.Decoder[Line] = msgspec.json.Decoder(Line)


class Sharers:
    """Processes that share documents in a folder, or in a Redis; ended with the block that holds them.

    Each changes one of `documents` `a_second` times a second, at random moments; 0 is as often as it can.
    """

    def __init__(self, folder: Path, redis_url: str, documents: int, a_second: float) -> None:
        self._environment = {FOLDER: str(folder), DOCUMENTS: str(documents), A_SECOND: str(a_second)}
        if redis_url:
            self._environment[REDIS] = redis_url
        self._names = (f"p{n}" for n in count())
        self._block = ExitStack()
        self.running: dict[str, Victim] = {}
        self.lines: list[Line] = []
        """What those said that have ended."""

    def start(self) -> str:
        """Start a further one, and return its name."""
        name = next(self._names)
        victim = Victim(["-m", state_sharer.__name__], {**self._environment, NAME: name})
        self.running[name] = self._block.enter_context(victim)
        return name

    def until_said(self, count: int) -> None:
        """Wait until each that runs has said so many lines."""
        for victim in self.running.values():
            victim.wait_for_lines(count, TIMEOUT_S)

    def kill(self, name: str) -> None:
        """End one as by `kill -9`."""
        self.lines += _read(self.running.pop(name).kill())

    def end(self) -> None:
        """Have all end in peace."""
        for victim in self.running.values():
            os.kill(victim.pid, signal.SIGTERM)
        for victim in self.running.values():
            victim.wait()
            self.lines += _read(victim.lines)
        self.running = {}

    def said(self, kind: type[L]) -> list[L]:
        """Return what those said that have ended, of one kind."""
        return [line for line in self.lines if isinstance(line, kind)]

    def wrong(self) -> int:
        """Return how many changes were acknowledged and are not there, or share a version."""
        documents, changes = self.documents(), self.said(Change)
        newest = {(change.by, change.key): change.number for change in changes}  # of each in their order
        lost = sum(int(documents[key].value.get(by, 0) < number) for (by, key), number in newest.items())
        return lost + len(changes) - len({(change.key, change.version) for change in changes})

    def documents(self) -> dict[str, Document]:
        """Return the documents as they are kept."""
        shelf = shelf_at(self._environment)
        try:
            return dict(SharedState(BareHost(SystemClock()), shelf, STATE).view().documents)
        finally:
            shelf.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._block.close()


def _read(lines: Sequence[str]) -> list[Line]:
    return [_line.decode(line) for line in lines]


def accuracy(looks: Sequence[Look], changes: Sequence[Change]) -> float:
    """Return the share of documents in the copies that had every change acknowledged by then."""
    kept: dict[str, list[tuple[int, int]]] = defaultdict(list)
    for change in sorted(changes, key=lambda one: one.kept_ns):
        before = kept[change.key][-1][1] if kept[change.key] else 0
        kept[change.key].append((change.kept_ns, max(before, change.version)))
    right = asked = 0
    for look in looks:
        for key, course in kept.items():
            at = bisect_left(course, (look.at_ns, 0))
            if at:
                asked += 1
                right += int(look.versions.get(key, 0) >= course[at - 1][1])
    return right / asked


@dataclass(frozen=True, slots=True)
class Casualties:
    """What a fire left. `wrong` counts changes that were acknowledged and are not there.

    `silence_s` is the longest time from a kill until another process changed a document, `recovery_s` until
    the one did that was started in place of the killed one.
    """

    changes: int
    a_second: float
    wrong: int
    conflicts: int
    unresolved: int
    resolving_ms_p99: float
    silence_s: float
    recovery_s: float


def set_on_fire(folder: Path, redis_url: str = "", kills: int = 3, begun: int = 300) -> Casualties:
    """Have three processes change four documents as often as they can; kill one again and again."""
    killed: list[tuple[int, str]] = []
    with Sharers(folder, redis_url, documents=4, a_second=0.0) as sharers:
        names = deque(sharers.start() for _ in range(3))
        for _ in range(kills):
            sharers.until_said(begun)
            victim = names.popleft()
            at_ns = time.time_ns()
            sharers.kill(victim)
            names.append(sharers.start())
            killed.append((at_ns, names[-1]))
        sharers.until_said(begun)
        sharers.end()
        wrong = sharers.wrong()
    changes, measured = sharers.said(Change), sharers.said(Measured)
    later = [[one for one in changes if one.kept_ns > at_ns] for at_ns, _ in killed]
    span_ns = max(one.kept_ns for one in changes) - min(one.kept_ns for one in changes)
    return Casualties(
        changes=len(changes),
        a_second=len(changes) / span_ns * 1e9,
        wrong=wrong,
        conflicts=round(sum(one.conflicts for one in measured)),
        unresolved=round(sum(one.conflicts - one.resolved for one in measured)),
        resolving_ms_p99=max(one.resolving_ms_p99 or 0.0 for one in measured),
        silence_s=max(
            (min(one.kept_ns for one in after) - at_ns) / 1e9
            for (at_ns, _), after in zip(killed, later, strict=True)
        ),
        recovery_s=max(
            (min(one.kept_ns for one in after if one.by == name) - at_ns) / 1e9
            for (at_ns, name), after in zip(killed, later, strict=True)
        ),
    )
