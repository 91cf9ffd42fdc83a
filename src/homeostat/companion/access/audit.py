"""The audit: what was done by whom with whose memory, as a chain that shows where it was changed."""

import hashlib
import hmac
from enum import StrEnum
from typing import NamedTuple

import msgspec

from homeostat.companion.access.cabinet import Link, Trail
from homeostat.core.clock import Clock
from homeostat.core.errors import StoreCorrupt

KEPT_MAX = 200_000
"""Entries: some 30 MB. The oldest go first."""

PAGE = 1_000


class Act(StrEnum):
    """What is noted. Reading and writing messages is not: operations count them, by name."""

    ISSUED = "token.issued"
    REVOKED = "token.revoked"
    REFUSED = "access.refused"
    EXPORTED = "person.exported"
    IMPORTED = "person.imported"
    FORGOTTEN = "person.forgotten"
    EDITED = "message.edited"
    REMOVED = "message.removed"
    CORRECTED = "mirror.corrected"
    FLAG_SET = "flag.set"
    CRISIS = "crisis.heard"
    CRISIS_TOLD = "crisis.hook"
    REVIEWED = "guard.reviewed"
    BLOCKED = "intrusion.blocked"
    UNBLOCKED = "intrusion.unblocked"


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """One act. `by` is the token's id, `person` a keyed digest of the name, `about` an id or a count."""

    at_us: int
    act: Act
    by: str
    person: str = ""
    about: str = ""


class Followed(NamedTuple):
    """How far the chain was followed, and over how many links."""

    last: Link
    links: int


class Audit:
    """Appends entries, each of which is bound to all before it by an HMAC (append-only, hash-chained).

    Whoever changes, removes or inserts an entry without the key breaks the chain from there on. What was cut
    off at the new end is not seen: compare the head with a copy kept elsewhere. No entry holds text or names.
    """

    def __init__(self, trail: Trail, key: bytes, clock: Clock, kept_max: int = KEPT_MAX) -> None:
        self._trail = trail
        self._key = key
        self._clock = clock
        self._kept_max = kept_max

    def note(self, act: Act, by: str, *, person: str = "", about: str = "") -> int:
        """Append an entry, durable when it returns; return its number."""
        entry = Entry(
            at_us=self._clock.now_ns() // 1_000,
            act=act,
            by=by,
            person=self.digest_of(person) if person else "",
            about=about,
        )
        data = msgspec.json.encode(entry)
        return self._trail.append(lambda last: self._following(last, data), self._kept_max).number

    def digest_of(self, person: str) -> str:
        """Return what stands for a person in the entries."""
        return hmac.new(self._key, b"person\0" + person.encode(), hashlib.sha256).hexdigest()[:32]

    def entries(self, after: int = 0, limit: int = PAGE) -> list[tuple[int, Entry]]:
        """Return up to `limit` entries with their numbers, the oldest first."""
        return [
            (link.number, msgspec.json.decode(link.entry, type=Entry))
            for link in self._trail.read(after, limit)
        ]

    def newest(self, count: int) -> list[tuple[int, Entry]]:
        """Return the newest entries with their numbers, the oldest of them first."""
        _, last = self._trail.ends()
        return self.entries(last.number - count, count)

    def surplus(self) -> int:
        """Return how many entries are kept that should have gone."""
        anchor, last = self._trail.ends()
        return max(0, last.number - anchor.number - self._kept_max)

    def verify(self) -> Link:
        """Follow the chain and return its head. Raises StoreCorrupt that names where it breaks."""
        followed = self.follow(None, PAGE)
        while followed.links:
            followed = self.follow(followed.last, PAGE)
        return followed.last

    def follow(self, last: Link | None, limit: int) -> Followed:
        """Follow up to `limit` links after one, None for the oldest. Raises StoreCorrupt, saying where."""
        while True:
            anchor, _ = self._trail.ends()
            begins = last is None or last.number < anchor.number  # what followed went meanwhile
            links = self._trail.read(0 if begins or last is None else last.number, limit)
            if self._trail.ends()[0] == anchor:
                break
        if begins or last is None:
            last = anchor
        for link in links:
            if link.number != last.number + 1 or not hmac.compare_digest(
                self._following(last, link.entry).digest, link.digest
            ):
                raise StoreCorrupt(
                    f"the audit was changed at entry {link.number} (after {last.number}): "
                    "what follows cannot be trusted; compare it with a backup"
                )
            last = link
        return Followed(last, len(links))

    def _following(self, last: Link, entry: bytes) -> Link:
        number = last.number + 1
        data = b"%d\0%b\0%b" % (number, last.digest, entry)
        return Link(number, entry, hmac.new(self._key, data, hashlib.sha256).digest())
