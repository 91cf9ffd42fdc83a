"""The scene and the dream: what was made of memories while a person was away; never a memory itself.

A `Scene` is no `Message` and has neither the id nor the moment of one, so that nothing that keeps, imports,
restores or finds messages takes one; `kind` says in every form of it what it is.
"""

from enum import StrEnum
from itertools import pairwise
from typing import Literal

import msgspec

from homeostat.companion.dream.derived import Sources
from homeostat.core.errors import InputError

WORDS_MAX = 20
WORD_CHARS_MAX = 60


class Shape(StrEnum):
    """How the scenes of a dream follow one another."""

    LINEAR = "linear"
    """In the order in which it was said."""

    CIRCULAR = "circular"
    """From one memory through others back to it."""

    FRAGMENTED = "fragmented"
    """In leaps: each scene has as little as can be to do with the one before."""


class Reason(StrEnum):
    """Why a memory was chosen."""

    RECENT = "recent"
    STRONG = "strong"
    EMOTIONAL = "emotional"
    UNRESOLVED = "unresolved"
    CONTRADICTORY = "contradictory"
    UNSEEN = "long unseen"
    ASKED = "asked for"


class Claim(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A sentence of a scene, and the seqs of the messages that it rests on.

    `quotes` are the pieces of it that stand in these messages word for word, `about` the words that each of
    them holds (by its text, its author or its day).
    """

    text: str
    sources: Sources
    quotes: tuple[str, ...] = ()
    about: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        ascending = all(a < b for a, b in pairwise(self.sources))
        if not self.sources or self.sources[0] < 1 or not ascending:
            raise InputError(f"a claim names its sources, ascending from 1, not {self.sources}")


class Scene(msgspec.Struct, frozen=True, kw_only=True, tag_field="kind", tag="dream.scene"):
    """A scene: its claims in their order.

    `told_by` is `grammar`, or the model that put it into words; `softened` says that it was written again
    because it was too dark. `theme` is what its memories share, "" where that is nothing with a name.
    """

    number: int
    claims: tuple[Claim, ...]
    theme: str = ""
    told_by: str = "grammar"
    softened: bool = False

    @property
    def words(self) -> str:
        """What one reads or hears."""
        return " ".join(claim.text for claim in self.claims)

    @property
    def sources(self) -> Sources:
        """The seqs of all messages that it rests on."""
        return tuple(sorted({seq for claim in self.claims for seq in claim.sources}))


class Replayed(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A memory that was chosen, by its seq, and how much each reason had to do with it, 0 to 1."""

    seq: int
    reasons: dict[Reason, float]


How = Literal["request", "away"]


class Dream(msgspec.Struct, frozen=True, kw_only=True, tag_field="kind", tag="dream"):
    """A dream as it stands in the diary. Times are in us since 1970, UTC.

    `whole` is False where it was stopped. `dropped` counts scenes that were not told, because what they held
    was too dark or not allowed.
    """

    name: str
    began_us: int
    how: How
    shape: Shape
    scenes: tuple[Scene, ...]
    replayed: tuple[Replayed, ...]
    whole: bool = True
    dropped: int = 0


class Steering(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How a dream is to go on; None leaves something as it was."""

    shape: Shape | None = None
    follow: tuple[str, ...] | None = None
    avoid: tuple[str, ...] | None = None

    def over(self, before: "Steering") -> "Steering":
        """Return what holds from now on."""
        return Steering(
            shape=before.shape if self.shape is None else self.shape,
            follow=before.follow if self.follow is None else self.follow,
            avoid=before.avoid if self.avoid is None else self.avoid,
        )

    def checked(self) -> "Steering":
        """Return it, or raise InputError."""
        for name, words in (("follow", self.follow), ("avoid", self.avoid)):
            checked_words(name, words or (), WORDS_MAX)
        return self


def checked_words(name: str, words: tuple[str, ...], most: int) -> tuple[str, ...]:
    """Return words or short phrases, or raise InputError."""
    if len(words) > most:
        raise InputError(f"{name} has up to {most} entries, not {len(words)}")
    for word in words:
        if not word.strip() or len(word) > WORD_CHARS_MAX:
            raise InputError(f"each entry of {name} has 1 to {WORD_CHARS_MAX} characters, not {len(word)}")
    return words
