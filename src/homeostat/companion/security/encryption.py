"""Encryption, probed: how much of what is stored can be told from noise, and what is not encrypted."""

import json
import subprocess
import sys
from collections.abc import Callable, Generator, Iterable
from pathlib import Path
from typing import Any

import msgspec

from homeostat.companion.security import pages
from homeostat.companion.security.figures import FAULTS_MAX, Figures
from homeostat.companion.store.sqlite.places import PEOPLE, REGISTRY
from homeostat.core.errors import StoreError
from homeostat.runtime.host import Host

PAGES = 3
"""Of each file: the first and two at random."""

PARTS = 8
"""Of the up to 256 folders in which people's files lie, so many are looked at in one step."""

TIMEOUT_S = 120.0

PLAIN: dict[str, str] = {
    "homeostat.db": "metrics and the decisions of the loop: figures; of people no words and no names",
    "jobs.db": "jobs: names of people of whom there is something to learn, until they are written over",
    "access.db": "digests of tokens, names of people who have one, flags; the audit, without names",
    "bus.db": "news between servers: names of people who changed, until they are written over",
    "master.key": "the master key, where the environment gives none: whoever has the folder reads all",
}
"""Files beside the memories that are not encrypted, and what is in them."""

NAMES_STAY = ("jobs.db", "bus.db")
"""Files in whose free pages and logs names stay until they are written over."""


class Plain(msgspec.Struct, frozen=True, kw_only=True):
    """A file that is not encrypted. `bytes` is what it has on the disk, its log included."""

    file: str
    bytes: int
    holds: str


Probe = Callable[[dict[str, Any]], dict[str, Any]]
"""Looks at files without a lock of this process being lost."""


def probe_apart(task: dict[str, Any]) -> dict[str, Any]:
    """Look at files in a process of its own. Raises StoreError where it fails."""
    program = [sys.executable, "-I", "-S", pages.__file__]
    try:
        done = subprocess.run(  # noqa: S603 - our own program
            program, input=json.dumps(task).encode(), capture_output=True, timeout=TIMEOUT_S, check=True
        )
    except (OSError, subprocess.SubprocessError) as error:
        raise StoreError(f"files could not be probed: {type(error).__name__}") from None
    found: dict[str, Any] = json.loads(done.stdout)
    return found


class Encryption:
    """Samples the files of a folder of people, those of some of its parts at a time."""

    def __init__(
        self,
        host: Host,
        figures: Figures,
        folder: Path,
        people: Path | None,
        words: Iterable[str],
        probe: Probe = probe_apart,
    ) -> None:
        """`people` is where memories are, None in a database; `words` are said by canaries, and long."""
        self._figures = figures
        self._folder = folder
        self._people = people
        self._words = sorted(words)
        self._probe = probe
        self._bytes = {file: host.gauge("security.plain_bytes", "bytes", file=file) for file in PLAIN}

    def steps(self) -> Generator[None, None, None]:
        """Go through all files once, a pause after each step."""
        for plain in self.plain():
            self._bytes[plain.file].set(plain.bytes)
        if self._people is None:
            self._figures.found("encryption", 0, 0, note="rows are sealed here before the database has them")
            return
        stored = encrypted = 0.0
        faults: list[str] = []
        parts = sorted((self._people / PEOPLE).glob("??"))
        groups = [parts[begin : begin + PARTS] for begin in range(0, len(parts), PARTS)]
        registry = [path for name in ("", "-wal") if (path := self._people / (REGISTRY + name)).exists()]
        for places in (registry, *groups):
            told = self._probe(
                {"probe": [str(place) for place in places], "pages": PAGES, "words": self._words}
            )
            for file, size, looked, noise in told["sampled"]:
                if not looked:
                    continue
                stored += size
                encrypted += size * noise / looked
                if noise < looked and len(faults) < FAULTS_MAX:
                    faults.append(f"{file}: {looked - noise} of {looked} pages can be read")
            yield
        self._figures.found("encryption", encrypted, stored, faults, "bytes of memories, by sampled pages")

    def plain(self) -> list[Plain]:
        """Return which files of the data folder are not encrypted."""
        found = []
        for file, holds in PLAIN.items():
            sizes = [_bytes_of(self._folder / (file + end)) for end in ("", "-wal")]
            if any(size is not None for size in sizes):
                found.append(Plain(file=file, bytes=sum(size or 0 for size in sizes), holds=holds))
        return found


def _bytes_of(path: Path) -> int | None:
    """Return how long a file is, None where there is none (any more)."""
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return None
