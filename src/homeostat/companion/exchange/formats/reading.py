"""Reading a chat of elsewhere: what all formats share."""

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, tzinfo
from hashlib import blake2b
from pathlib import Path

import msgspec

from homeostat.companion.message import NewMessage
from homeostat.core.errors import InputError, TooLarge

DOCUMENT_BYTES_MAX = 512 << 20
"""A file that is read as a whole, as JSON is."""

LINE_BYTES_MAX = 8 << 20


BOM = b"\xef\xbb\xbf"
"""What some programs put before UTF-8."""

NO_JSON = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)
"""What decoding raises for bytes that are no JSON, or too deep to be read."""


class Bad(msgspec.Struct, frozen=True):
    """A row that is no message: where it stands, and why, without its words."""

    place: str
    reason: str


Row = NewMessage | Bad
Tell = Callable[[int, int], None]
"""Is told how many bytes, or messages, of how many are read."""


@dataclass(frozen=True, slots=True)
class Reading:
    """How a chat is read.

    `mine` are the names under which the person wrote; `zone` holds where times have none, `day` where they
    have no date; `talk` names the talk where the file does not.
    """

    mine: frozenset[str] = frozenset()
    zone: tzinfo = UTC
    day: date | None = None
    talk: str = ""
    tell: Tell = field(default=lambda done, total: None)

    def moment(self, at: datetime) -> tuple[int, int]:
        """Return a time in microseconds, UTC, and the minutes that its zone was ahead."""
        known = at if at.tzinfo is not None else at.replace(tzinfo=self.zone)
        offset = known.utcoffset()
        return round(known.timestamp() * 1e6), int(offset.total_seconds() // 60) if offset else 0

    def owns(self, *names: str) -> bool:
        """Tell whether one of the names is the person's."""
        return not self.mine.isdisjoint(names)


class Ids:
    """Stable ids for messages that have none: the same file, or a longer one later, gives the same.

    They are digests of what was said when by whom; the second of two that are the same counts as such.
    """

    def __init__(self, name: str) -> None:
        self._name = name
        self._seen: Counter[bytes] = Counter()

    def of(self, talk: str, author: str, at_us: int, text: str) -> str:
        """Return the id of the next message."""
        data = "\0".join((talk, author, str(at_us), text)).encode("utf-8", "surrogatepass")
        digest = blake2b(data, digest_size=12).digest()
        self._seen[digest] += 1
        often = self._seen[digest]
        return f"{self._name}:{digest.hex()}" + (f".{often}" if often > 1 else "")


def lines_of(path: Path, reading: Reading) -> Iterator[tuple[int, str | None]]:
    """Yield numbered lines; None for one that is no UTF-8 or too long. Raises InputError."""
    try:
        total = path.stat().st_size
        with path.open("rb") as file:
            number = done = 0
            while line := file.readline(LINE_BYTES_MAX):
                number += 1
                done += len(line)
                if number % 1_000 == 1:
                    reading.tell(done, total)
                yield number, _decoded(line)
            reading.tell(total, total)
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror or error}") from None


def document_of(path: Path) -> bytes:
    """Return a whole file, without the mark of its byte order. Raises InputError, TooLarge."""
    try:
        size_bytes = path.stat().st_size
        if size_bytes > DOCUMENT_BYTES_MAX:
            raise TooLarge(f"{path} has {size_bytes} bytes; {DOCUMENT_BYTES_MAX} are taken: divide it")
        return path.read_bytes().removeprefix(BOM)
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror or error}") from None


def _decoded(line: bytes) -> str | None:
    if len(line) >= LINE_BYTES_MAX:
        return None
    try:
        return line.decode("utf-8-sig").rstrip("\r\n")
    except UnicodeDecodeError:
        return None
