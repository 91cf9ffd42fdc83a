"""Features: what is kept of each message so that ten thousand can be weighed at once: 17 bytes, no word.

They stand in pages of the notes: a message that comes rewrites the last page alone.
"""

import re
from collections.abc import Sequence

import msgspec
import numpy as np
from numpy.typing import NDArray

from homeostat.companion.message import Message
from homeostat.companion.store.people import Memory, Notes
from homeostat.evaluate.emotion.affect import affect_of

VERSION = 1
HEAD = "dream.features"
PAGE = 2_048
CHARS_MAX = 2_000
"""Of a message that are looked at."""

WAITING_MAX = 64
"""Questions, one a talk, that an answer may still follow."""

ASKED_WORDS_MIN = 3
UNSPACED_CHARS = 8
OWN, ASKS, ANSWERED, PLANS = 1, 2, 4, 8

VALENCE, AROUSAL = 127.0, 255.0
"""What stands for 1 in a row; distress is in the unit of arousal."""

ROW = np.dtype(
    [
        ("seq", "<u4"),
        ("at_us", "<i8"),
        ("words", "u1"),
        ("valence", "i1"),
        ("arousal", "u1"),
        ("distress", "u1"),
        ("flags", "u1"),
    ]
)
Rows = NDArray[np.void]

_PLAN = re.compile(
    r"\b(?:i|we)(?:['’]ll| will|['’]m going to|['’]re going to| am going to| are going to| plan to| want to"
    r"| hope to| need to| have to| should| must| promise to| intend to)\b"
    r"|\b(?:planning|looking forward|can['’]t wait) to\b",
    re.IGNORECASE,
)


class Head(msgspec.Struct, frozen=True, array_like=True):
    """How far was read, in which generation, and the questions that wait: the talk and the row of each."""

    version: int
    generation: int
    last: int
    rows: int
    waiting: list[tuple[str, int, str]]


class Features:
    """The rows of a person's messages, in the order of their seqs."""

    def __init__(self, generation: int) -> None:
        self.generation = generation
        self.last = 0
        self.rows: Rows = np.zeros(0, ROW)
        self._waiting: dict[str, tuple[int, str]] = {}
        self._changed = 0

    def learn(self, messages: Sequence[Message]) -> None:
        """Take messages in, in the order of their seqs. Cost: 10 us each."""
        if not messages:
            return
        before = len(self.rows)
        rows = np.concatenate([self.rows, np.zeros(len(messages), ROW)])
        for place, message in enumerate(messages, before):
            rows[place] = _row(message)
            self._follow(rows, place, message)
        self.rows, self.last = rows, messages[-1].seq

    def _follow(self, rows: Rows, place: int, message: Message) -> None:
        """Mark a question as answered where somebody else speaks next in its talk."""
        waiting = self._waiting.get(message.talk)
        if waiting is not None and waiting[1] != message.author:
            rows["flags"][waiting[0]] |= ANSWERED
            self._changed = min(self._changed, waiting[0])
            del self._waiting[message.talk]
        if rows["flags"][place] & ASKS:
            self._waiting.pop(message.talk, None)
            self._waiting[message.talk] = (place, message.author)
            if len(self._waiting) > WAITING_MAX:
                del self._waiting[next(iter(self._waiting))]

    def keep(self, notes: Notes) -> None:
        """Put the head and the pages that changed."""
        waiting = [(talk, place, author) for talk, (place, author) in self._waiting.items()]
        head = Head(VERSION, self.generation, self.last, len(self.rows), waiting)
        put: dict[str, bytes | None] = {HEAD: msgspec.msgpack.encode(head)}
        for page in range(self._changed // PAGE, -(-len(self.rows) // PAGE)):
            put[page_name(page)] = self.rows[page * PAGE : (page + 1) * PAGE].tobytes()
        notes.put(put)
        self._changed = len(self.rows)

    @classmethod
    def of(cls, notes: Notes, generation: int) -> "Features":
        """Return what the notes keep of this generation; nothing where that is not all there."""
        features = cls(generation)
        head = head_of(notes)
        if head is None or (head.version, head.generation) != (VERSION, generation):
            return features
        pages = [notes.get(page_name(page)) or b"" for page in range(-(-head.rows // PAGE))]
        rows = np.frombuffer(b"".join(pages), ROW)
        if len(rows) < head.rows:
            return features
        features.rows, features.last = rows[: head.rows], head.last
        features._changed = head.rows
        features._waiting = {talk: (place, author) for talk, place, author in head.waiting}
        return features


def page_name(page: int) -> str:
    """Return the name of the note that holds a page."""
    return f"{HEAD}.{page}"


def head_of(notes: Notes) -> Head | None:
    """Return the head in the notes, whatever its generation."""
    note = notes.get(HEAD)
    if note is None:
        return None
    try:
        return msgspec.msgpack.decode(note, type=Head)
    except msgspec.MsgspecError:  # written by another version: it is learned again
        return None


def forget(notes: Notes) -> None:
    """Remove all pages and the head."""
    put: dict[str, bytes | None] = {HEAD: None}
    page = 0
    while notes.get(page_name(page)) is not None:
        put[page_name(page)] = None
        page += 1
    notes.put(put)


def features_now(memory: Memory, tail_max: int) -> Features:
    """Return what is kept, and up to `tail_max` messages more that nobody has learned from yet."""
    features = Features.of(memory.notes, memory.extent().generation)
    features.learn(memory.reading.after(features.last, tail_max))
    return features


def _row(message: Message) -> tuple[int, ...]:
    text = message.text[:CHARS_MAX]
    words = len(text.split())
    if words == 1:  # scripts without spaces have no words to count
        words = 1 + len(text) // UNSPACED_CHARS
    felt = affect_of(text)
    flags = OWN * message.own
    flags |= ASKS * (text.rstrip().endswith(("?", "\uff1f")) and words >= ASKED_WORDS_MIN)
    flags |= PLANS * (_PLAN.search(text) is not None)
    return (
        message.seq,
        message.at_us,
        min(words, 255),
        round(felt.valence * VALENCE),
        round(felt.arousal * AROUSAL),
        round(felt.distress * AROUSAL),
        flags,
    )
