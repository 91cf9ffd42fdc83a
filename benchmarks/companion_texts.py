"""Texts for benchmarks of the companion: turns of LoCoMo's talks and lines of #ubuntu, as messages."""

import json
import re
from collections.abc import Iterator
from itertools import cycle, islice
from pathlib import Path

from homeostat.companion.message import NewMessage

_LINE = re.compile(r"\[\d\d:\d\d\] <([^>]*)> (.*)")
_SESSION = re.compile(r"session_\d+")
BEGIN_US = 1_600_000_000_000_000
STEP_US = 97_000_000

Said = tuple[str, str, str]
"""Talk, author, text."""


def locomo(data: Path) -> Iterator[Said]:
    """Turns of the long talks."""
    for talk in json.loads((data / "locomo" / "locomo_first5.json").read_text("utf-8")):
        for name, turns in talk["conversation"].items():
            if _SESSION.fullmatch(name):
                for turn in turns:
                    yield f"{talk['sample_id']} {name}", turn["speaker"], turn["text"]


def irc(data: Path) -> Iterator[Said]:
    """Lines of the channel, a talk a day."""
    for path in sorted((data / "irc").glob("*.txt")):
        for line in path.read_text("utf-8", "replace").splitlines():
            row = _LINE.match(line)
            if row is not None:
                yield path.stem, row[1], row[2]


def messages(data: Path, count: int) -> list[NewMessage]:
    """Return so many messages: LoCoMo's, then the channel's, from the beginning again where that ends."""
    said = [*locomo(data), *irc(data)]
    return [
        NewMessage(
            id=f"{n:08d}",
            text=text,
            at_us=BEGIN_US + n * STEP_US,
            talk=f"{talk} {n // len(said)}",
            author=author,
            own=n % 2 == 0,
        )
        for n, (talk, author, text) in enumerate(islice(cycle(said), count))
    ]
