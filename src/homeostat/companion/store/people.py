"""People and their memories: the seam between the companion and what keeps its data.

A memory is one person's, and is reached through `People.open` alone: no call takes two people, and nothing
that is read from one memory can be of another.
"""

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Protocol

import msgspec
import numpy as np
from numpy.typing import NDArray

from homeostat.companion.message import Message, NewMessage


@dataclass(frozen=True, slots=True)
class Extent:
    """How far a memory reaches.

    `last` is the highest seq ever given (0 before the first message); seqs of removed messages are not given
    again. `generation` grows whenever a kept message is edited or removed: what was learned from an earlier
    generation is learned again.
    """

    count: int
    last: int
    generation: int


@dataclass(frozen=True, slots=True)
class Within:
    """Which messages are looked at: those that meet every condition that is given."""

    talk: str | None = None
    author: str | None = None
    own: bool | None = None
    begin_us: int | None = None
    end_us: int | None = None


EVERYTHING = Within()


@dataclass(frozen=True, slots=True)
class NewRows:
    """Vectors of messages on their way in: rows of int8 (n, d) of one kind, that an embedder made."""

    kind: str
    model: str
    rows: NDArray[np.int8]


class Messages(Protocol):
    """Writing: each call is one transaction, durable when it returns."""

    def add(self, messages: Sequence[NewMessage], rows: NewRows | None = None) -> list[int]:
        """Keep messages and return their seqs; one whose id is kept already gets the seq that it has.

        `rows` are kept with those that are new, as `Vectors.put` does. Raises InputError where an id is kept
        with another text, naming the id.
        """
        ...

    def edit(self, id: str, text: str, edited_us: int) -> Message | None:
        """Replace a message's text everywhere; None where there is no such message."""
        ...

    def remove(self, ids: Sequence[str]) -> int:
        """Forget messages: their text and vectors are in no file any more. Return how many there were."""
        ...


class Reading(Protocol):
    """Reading messages in the order of their seqs."""

    def by_seq(self, seqs: Sequence[int]) -> list[Message]:
        """Return the messages that are (still) kept, in ascending order of seq."""
        ...

    def after(self, seq: int, limit: int, within: Within = EVERYTHING) -> list[Message]:
        """Return up to `limit` messages that follow `seq`."""
        ...

    def by_id(self, ids: Sequence[str]) -> list[Message]:
        """Return the messages with these ids, in ascending order of seq."""
        ...


class Lexical(Protocol):
    """Finding by words, with BM25 over each message together with the one before it in its talk."""

    def match(
        self, words: Sequence[str], limit: int, within: Within = EVERYTHING
    ) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
        """Return the seqs of the best `limit` messages that hold any of `words`, and their scores.

        Words that most messages have may be left out where rarer ones are given.

        Higher is better; equal scores stand in the order of their seqs.
        """
        ...


class Vectors(Protocol):
    """Rows of int8 by kind ("turn"), one a message; `model` names the embedder that made them."""

    def put(self, kind: str, model: str, seqs: Sequence[int], rows: NDArray[np.int8]) -> None:
        """Keep rows (n, d); a row that was there is replaced, so is the whole kind when `model` differs."""
        ...

    def load(self, kind: str, model: str, after: int = 0) -> tuple[NDArray[np.int64], NDArray[np.int8]]:
        """Return seqs (n) ascending and rows (n, d) that follow `after`; empty where another model made them.

        Costs what is returned, not what is kept: a part that follows reads one row for one more message.
        """
        ...

    def compact(self, kind: str, before: int, limit: int) -> int:
        """Keep rows of seqs below `before` in a third of the bytes from now on; they load coarser.

        Whole blocks are made smaller, at most those of about `limit` rows; return of how many rows' places, 0
        where nothing is left to do.
        """
        ...


class Notes(Protocol):
    """Small named blobs: what the parts of the companion have learned of the person."""

    def get(self, name: str) -> bytes | None:
        """Return what was put last."""
        ...

    def put(self, notes: Mapping[str, bytes | None]) -> None:
        """Put several at once, all or none; None removes."""
        ...


class Pause(msgspec.Struct, frozen=True, gc=False):
    """Silence between two messages that follow one another in time; `before` and `after` are their seqs."""

    before: int
    after: int
    begin_us: int
    end_us: int


class Pauses(Protocol):
    """The silences between messages, in the order of time: window functions in the store tell them.

    Those of one talk follow one another where `by_talk` is set, else all messages do.
    """

    def longest(
        self, limit: int, at_least_us: int = 1, within: Within = EVERYTHING, *, by_talk: bool = True
    ) -> list[Pause]:
        """Return the longest pauses, the longest first; equal ones stand in the order of `after`.

        Messages at one moment have no pause between them, whatever `at_least_us` is.
        """
        ...

    def lengths(
        self, within: Within = EVERYTHING, *, by_talk: bool = True
    ) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Return when each pause began and how long it was, both in microseconds, in the order of begin."""
        ...


class Memory(Protocol):
    """One person's memory, held by one thread of this process at a time."""

    @property
    def person(self) -> str:
        """Whose it is."""
        ...

    @property
    def messages(self) -> Messages:
        """Writing."""
        ...

    @property
    def reading(self) -> Reading:
        """Reading in order."""
        ...

    @property
    def lexical(self) -> Lexical:
        """Finding by words."""
        ...

    @property
    def vectors(self) -> Vectors:
        """Rows for finding by meaning."""
        ...

    @property
    def pauses(self) -> Pauses:
        """The silences between messages."""
        ...

    @property
    def notes(self) -> Notes:
        """What was learned."""
        ...

    def extent(self) -> Extent:
        """Return how far it reaches."""
        ...


class People(Protocol):
    """All people of one store."""

    def open(self, person: str, *, create: bool = False) -> AbstractContextManager[Memory]:
        """Hold a person's memory: others who want it wait, those who want another's do not.

        Raises UnknownPerson where there is none and `create` is not set, InputError where `person` is no
        usable name, StoreError where it cannot be read.
        """
        ...

    def forget(self, person: str) -> bool:
        """Destroy a person's memory and the key to it; whether there was one."""
        ...

    def names(self, after: str, limit: int) -> list[str]:
        """Return up to `limit` people in the order of their names, those that follow `after`."""
        ...

    def close(self) -> None:
        """Let go of files and connections; what is held is let go when its block ends."""
        ...
