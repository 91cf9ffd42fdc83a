"""The wishes: whether a person wants to be dreamed for, and what must never come up; kept in their notes."""

import msgspec

from homeostat.companion.dream.scene import How, Shape, checked_words
from homeostat.companion.store.people import Notes

NOTE = "dream.wishes"
TRIGGERS_MAX = 100


class Wishes(msgspec.Struct, frozen=True, kw_only=True):
    """What a person said of their dreams. Nothing is dreamed without consent.

    `away` lets dreams come while they are away; without it they come on request alone. `triggers` are words
    and meanings that must never appear.
    """

    consent: bool = False
    away: bool = True
    shape: Shape = Shape.LINEAR
    triggers: tuple[str, ...] = ()

    def allow(self, how: How) -> bool:
        """Tell whether a dream may be had so."""
        return self.consent and (how == "request" or self.away)

    def checked(self) -> "Wishes":
        """Return them, or raise InputError."""
        checked_words("triggers", self.triggers, TRIGGERS_MAX)
        return self


def wishes_of(notes: Notes) -> Wishes:
    """Return what a person wished; no consent where they never said so, or where it cannot be read."""
    note = notes.get(NOTE)
    if note is None:
        return Wishes()
    try:
        return msgspec.msgpack.decode(note, type=Wishes)
    except msgspec.MsgspecError:  # written by another version: they are asked again
        return Wishes()


def keep_wishes(notes: Notes, wishes: Wishes) -> None:
    """Keep what a person wishes from now on. Raises InputError."""
    notes.put({NOTE: msgspec.msgpack.encode(wishes.checked())})
