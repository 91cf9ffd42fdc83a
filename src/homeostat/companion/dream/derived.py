"""What is derived from memories, told apart from them by its type: it names its sources, and is no message.

A memory is a `Message`; nothing here is one, has the id of one, or can be given to what keeps messages.
Each of these names the seqs of the messages that it was derived from, and cannot be made without any.
"""

from enum import StrEnum
from itertools import pairwise

import msgspec

from homeostat.core.errors import InputError

Sources = tuple[int, ...]
"""Seqs of kept messages, ascending, each once, at least one."""


class Relation(StrEnum):
    """What a fact says of somebody, or how two memories belong together."""

    LIVES = "lives in"
    FROM = "comes from"
    WORKS = "works as"
    CALLED = "is called"
    AGED = "is of the age of"
    FAVOURITE = "likes best"
    LIKES = "likes"
    DISLIKES = "dislikes"
    HAS = "has"
    DOES = "does"
    WENT = "went to"
    MADE = "made"
    BOUGHT = "bought"
    READ = "read"
    SAW = "watched"
    PLAYS = "plays"
    LEARNS = "learns"
    PLANS = "plans"


class Why(StrEnum):
    """How two memories belong together."""

    NAMES = "names"
    """Both speak of the same person, place or thing by its name."""

    WORDS = "words"
    """Both have words that are rare in what this person says."""

    MEANING = "meaning"
    """Their vectors are near."""


class Link(msgspec.Struct, frozen=True, kw_only=True, gc=False, tag="link"):
    """Two memories that belong together; `weight` is above 0 and at most 1."""

    sources: Sources
    why: Why
    weight: float

    def __post_init__(self) -> None:
        _refuse_unsourced(self.sources, 2)


class Fact(msgspec.Struct, frozen=True, kw_only=True, tag="fact"):
    """What somebody said of themselves: who, relation, value, and when it was said.

    `value` is the text of the first source from `begin` to `end`, word for word: a fact has no other words.
    `about` is what the relation is narrowed by (the colour that is liked best), "" where it is not.
    """

    sources: Sources
    who: str
    relation: Relation
    value: str
    begin: int
    end: int
    at_us: int
    about: str = ""

    def __post_init__(self) -> None:
        _refuse_unsourced(self.sources, 1)


class Merged(msgspec.Struct, frozen=True, kw_only=True, gc=False, tag="merged"):
    """Memories that say the same: `kept`, one of the sources, stands for all; none is removed."""

    sources: Sources
    kept: int

    def __post_init__(self) -> None:
        _refuse_unsourced(self.sources, 2)
        if self.kept not in self.sources:
            raise InputError(f"memory {self.kept} cannot stand for {self.sources}, of which it is none")


class Resolution(msgspec.Struct, frozen=True, kw_only=True, tag="resolution"):
    """Two facts that cannot both hold now: what was said last holds, what was said before it did once."""

    sources: Sources
    holds: Fact
    held: Fact

    def __post_init__(self) -> None:
        _refuse_unsourced(self.sources, 2)
        if self.held.at_us > self.holds.at_us:
            raise InputError("what holds now was said last; the two facts stand the other way round")


Derived = Link | Fact | Merged | Resolution


def _refuse_unsourced(sources: Sources, least: int) -> None:
    ascending = all(a < b for a, b in pairwise(sources))
    if len(sources) < least or sources[0] < 1 or not ascending:
        raise InputError(f"a derived thing names {least} or more sources, ascending from 1, not {sources}")
