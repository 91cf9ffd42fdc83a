"""Kept: what was derived of a person, as notes. There is no word of theirs in it, only where it stands.

A page has what was derived from the messages of `PAGE` seqs. What it says of a message holds for as long as
the message is as it was (its `text`); what is read of one that was edited or removed since is nothing.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import blake2b

import msgspec
import numpy as np
from numpy.typing import NDArray

from homeostat.companion.dream.derived import Relation, Why
from homeostat.companion.store.people import Memory

VERSION = 2
NAME = "integrated"
PAGE = 512

ROW = np.dtype([("seq", "<u4"), ("text", "<u8"), ("kinds", "<u4"), ("tells", "<f2"), ("words", "<u8")])
"""A message: numbers made of its text and of its author and words (0 where they are few), and what it
introduces."""

STATED = np.dtype(
    [
        ("seq", "<u4"),
        ("relation", "u1"),
        ("begin", "<u2"),
        ("end", "<u2"),
        ("about_begin", "<u2"),
        ("about_end", "<u2"),
        ("key", "<u8"),
    ]
)
"""A statement; those of one `key` cannot hold at one time, 0 where that is not so."""

LINKED = np.dtype([("later", "<u4"), ("earlier", "<u4"), ("why", "u1"), ("weight", "<f2")])

WORDED = np.dtype([("seq", "<u4"), ("word", "<u2")])
"""A word of a message, by its number in the lexicon."""

RELATIONS = tuple(Relation)
WHYS = tuple(Why)


def number_of(*parts: str) -> int:
    """Return a number by which the same texts are known again."""
    digest = blake2b("\0".join(parts).encode(errors="surrogatepass"), digest_size=8).digest()
    return int.from_bytes(digest, "little")


class Head(msgspec.Struct, array_like=True):
    """How far it has come: all up to `last` as of `generation`; `stamp` grows with every put.

    `changed` are messages that were found to be edited or removed in the round that goes on, `compact` is the
    seq up to which vectors were made compact, `model` who made the vectors, `lexicon` whose numbers stand for
    words, `cleared` the generation as of which nothing is kept of messages that were edited or removed.
    """

    version: int = VERSION
    generation: int = -1
    last: int = 0
    stamp: int = 0
    pages: int = 0
    changed: list[int] = []
    compact: int = 0
    model: str = ""
    lexicon: str = ""
    cleared: int = -1


class _Page(msgspec.Struct, frozen=True, array_like=True):
    rows: bytes
    stated: bytes
    linked: bytes
    worded: bytes
    version: int = 1


@dataclass(slots=True)
class Page:
    """What was derived from some messages: columns in ascending order of seq (of `later`)."""

    rows: NDArray[np.void] = field(default_factory=lambda: np.empty(0, ROW))
    stated: NDArray[np.void] = field(default_factory=lambda: np.empty(0, STATED))
    linked: NDArray[np.void] = field(default_factory=lambda: np.empty(0, LINKED))
    worded: NDArray[np.void] = field(default_factory=lambda: np.empty(0, WORDED))

    def without(self, seqs: Sequence[int]) -> "Page":
        """Return it without what was derived from some messages."""
        gone = np.asarray(seqs, np.int64)
        linked = self.linked
        return Page(
            self.rows[~np.isin(self.rows["seq"], gone)],
            self.stated[~np.isin(self.stated["seq"], gone)],
            linked[~np.isin(linked["later"], gone) & ~np.isin(linked["earlier"], gone)],
            self.worded[~np.isin(self.worded["seq"], gone)],
        )

    def of_page(self, number: int) -> "Page":
        """Return what of it belongs on a page."""
        return Page(
            self.rows[self.rows["seq"] // PAGE == number],
            self.stated[self.stated["seq"] // PAGE == number],
            self.linked[self.linked["later"] // PAGE == number],
            self.worded[self.worded["seq"] // PAGE == number],
        )

    def joined(self, other: "Page") -> "Page":
        """Return both, in the order of their seqs."""
        rows = np.concatenate((self.rows, other.rows))
        stated = np.concatenate((self.stated, other.stated))
        linked = np.concatenate((self.linked, other.linked))
        worded = np.concatenate((self.worded, other.worded))
        return Page(
            rows[np.argsort(rows["seq"], kind="stable")],
            stated[np.argsort(stated["seq"], kind="stable")],
            linked[np.argsort(linked["later"], kind="stable")],
            worded[np.argsort(worded["seq"], kind="stable")],
        )


def head_of(memory: Memory) -> Head:
    """Return the head; a new one where there is none, or one of another version."""
    note = memory.notes.get(NAME)
    if note is None:
        return Head()
    try:
        found = msgspec.msgpack.decode(note, type=Head)
    except msgspec.MsgspecError:
        return Head()
    return found if found.version == VERSION else Head()


def page_of(memory: Memory, number: int) -> Page:
    """Return a page, an empty one where there is none, or one of another version."""
    note = memory.notes.get(_name(number))
    if note is None:
        return Page()
    kept = msgspec.msgpack.decode(note, type=_Page)
    if kept.version != VERSION:
        return Page()
    return Page(
        np.frombuffer(kept.rows, ROW),
        np.frombuffer(kept.stated, STATED),
        np.frombuffer(kept.linked, LINKED),
        np.frombuffer(kept.worded, WORDED),
    )


def put(memory: Memory, head: Head, pages: Mapping[int, Page]) -> None:
    """Keep a head and pages, all or none."""
    head.stamp += 1
    notes: dict[str, bytes | None] = {}
    for number, page in pages.items():
        head.pages = max(head.pages, number + 1)
        body = _Page(
            page.rows.tobytes(), page.stated.tobytes(), page.linked.tobytes(), page.worded.tobytes(), VERSION
        )
        notes[_name(number)] = msgspec.msgpack.encode(body) if len(page.rows) else None
    notes[NAME] = msgspec.msgpack.encode(head)
    memory.notes.put(notes)


def forget(memory: Memory, head: Head) -> None:
    """Forget everything that was derived."""
    memory.notes.put({NAME: None, **{_name(number): None for number in range(head.pages)}})


def whole(memory: Memory, head: Head) -> Page:
    """Return all pages as one."""
    pages = [page_of(memory, number) for number in range(head.pages)] or [Page()]
    return Page(
        np.concatenate([page.rows for page in pages]),
        np.concatenate([page.stated for page in pages]),
        np.concatenate([page.linked for page in pages]),
        np.concatenate([page.worded for page in pages]),
    )


def _name(number: int) -> str:
    return f"{NAME}.{number}"
