"""The request of the palace's page: what its address asks for, checked."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from urllib.parse import urlencode

from homeostat.app.web.whole import whole
from homeostat.core.errors import InputError

SEQ_MAX = 2**53
TEXT_MAX = 200
ROOM_MAX = 40


@dataclass(frozen=True, slots=True)
class PalaceRequest:
    """What is looked for: words, a room, or what stands near a memory; of an author, from day to day.

    `begin` and `end` are days (UTC), both included, "" where there is none. `author` is the id of a room of
    the kind person.
    """

    find: str = ""
    room: str = ""
    near: int = 0
    boxed: bool = False
    after: int = 0
    author: str = ""
    begin: str = ""
    end: str = ""

    @property
    def begin_us(self) -> int | None:
        """The first moment that is looked at."""
        return _us(self.begin, "from", 0)

    @property
    def end_us(self) -> int | None:
        """The moment at which nothing is looked at any more."""
        return _us(self.end, "to", 1)

    def link(self, **changes: str | int) -> str:
        """Return the address of the page with these things asked for, and the same filters."""
        pairs = {"author": self.author, "begin": self.begin, "end": self.end, **changes}
        query = urlencode([(name, value) for name, value in pairs.items() if value])
        return f"/palace?{query}" if query else "/palace"

    @property
    def points(self) -> str:
        """The address of the points that are in the plot."""
        return self.link().replace("/palace", "/palace/points", 1)


def palace_request(query: Mapping[str, str]) -> PalaceRequest:
    """Read a request from the query of an address, or raise InputError saying what would be accepted."""
    made = PalaceRequest(
        find=query.get("q", "").strip()[:TEXT_MAX],
        room=query.get("room", "")[:ROOM_MAX],
        near=whole(query, "near", 0, SEQ_MAX),
        boxed=query.get("by") == "box",
        after=whole(query, "after", 0, SEQ_MAX),
        author=query.get("author", "")[:ROOM_MAX],
        begin=query.get("begin", "").strip(),
        end=query.get("end", "").strip(),
    )
    begin_us, end_us = made.begin_us, made.end_us
    if begin_us is not None and end_us is not None and begin_us >= end_us:
        raise InputError("the first day must not come after the last one")
    return made


def _us(text: str, name: str, days: int) -> int | None:
    if not text:
        return None
    try:
        found = datetime.strptime(text, "%Y-%m-%d").replace(tzinfo=UTC) + timedelta(days=days)
    except (ValueError, OverflowError):
        raise InputError(f"{name} must be a day such as 2026-11-20, not {text[:20]!r}") from None
    return round(found.timestamp() * 1e6)
