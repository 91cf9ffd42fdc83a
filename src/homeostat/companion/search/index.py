"""The index: what is kept ready of one person's memory so that it can be searched.

Everything in it can be read again from the memory. It grows with the memory, message by message; when a kept
message is edited or removed, it is read anew.
"""

from collections.abc import Sequence
from hashlib import blake2b
from typing import Any

import numpy as np
from numpy.typing import NDArray

from homeostat.companion.message import Message
from homeostat.companion.names import words_of
from homeostat.companion.search.connected import Connected
from homeostat.companion.search.packed_rows import PackedRows
from homeostat.companion.search.query import QUESTION_MARKS
from homeostat.companion.search.when import speaks_of_time
from homeostat.companion.search.word_column import Numbering, WordColumn
from homeostat.companion.store.people import Within
from homeostat.runtime.embed.rows import to_vectors

LOOK_BACK = 64
"""The message before one in its talk is looked for among this many that came before."""

TALKS_MAX = 4 * LOOK_BACK

NAMES_MAX = 1_024
"""Words that people are called by; those of later people are not known as names."""

_COLUMNS = {
    "seq": np.int64,
    "at_us": np.int64,
    "author": np.int64,
    "talk": np.int64,
    "before": np.int32,
    "own": np.bool_,
    "dated": np.bool_,
    "asks": np.bool_,
}
_NAME_BYTES = 300
"""What one entry of `names` takes: the word, its set, the number."""


class Index:
    """Columns with a place for each message, in ascending order of seq; words and rows of vectors beside.

    Authors and talks are numbers made of their names (`number_of`). `names` are the words that authors are
    called by, each with their numbers; `offset_min` is the clock of the last message.
    """

    def __init__(self, generation: int, numbering: Numbering) -> None:
        self.generation = generation
        self.words = WordColumn(numbering)
        self.count = 0
        self.offset_min = 0
        self.names: dict[str, set[int]] = {}
        self.turns: PackedRows | None = None
        self.connected: Connected | None = None
        self._last_of: dict[int, int] = {}
        """The place of the last message of each talk, those far back not all."""
        self._columns: dict[str, NDArray[Any]] = {name: np.empty(0, kind) for name, kind in _COLUMNS.items()}

    @property
    def seq(self) -> NDArray[np.int64]:
        """The seqs."""
        return self._column("seq")

    @property
    def at_us(self) -> NDArray[np.int64]:
        """When each was said."""
        return self._column("at_us")

    @property
    def author(self) -> NDArray[np.int64]:
        """The numbers of the authors."""
        return self._column("author")

    @property
    def before(self) -> NDArray[np.int32]:
        """The place of the message before each in its talk, -1 where there is none near."""
        return self._column("before")

    @property
    def dated(self) -> NDArray[np.bool_]:
        """Which texts speak of a time."""
        return self._column("dated")

    @property
    def asks(self) -> NDArray[np.bool_]:
        """Which texts end with a question."""
        return self._column("asks")

    @property
    def last(self) -> int:
        """The highest seq that is here, 0 where there is none."""
        return int(self._columns["seq"][self.count - 1]) if self.count else 0

    @property
    def size_bytes(self) -> int:
        """What this takes in memory, a few small objects aside."""
        rows = 0 if self.turns is None else self.turns.size_bytes
        rows += 0 if self.connected is None else self.connected.size_bytes
        rows += self.words.size_bytes
        return rows + sum(c.nbytes for c in self._columns.values()) + _NAME_BYTES * len(self.names)

    def extend(self, messages: Sequence[Message]) -> None:
        """Take messages that follow those that are here."""
        if not messages:
            return
        begin, end = self.count, self.count + len(messages)
        self._reserve(end)
        columns = self._columns
        columns["seq"][begin:end] = [m.seq for m in messages]
        columns["at_us"][begin:end] = [m.at_us for m in messages]
        columns["own"][begin:end] = [m.own for m in messages]
        columns["dated"][begin:end] = [speaks_of_time(m.text) for m in messages]
        columns["asks"][begin:end] = [m.text.rstrip().endswith(QUESTION_MARKS) for m in messages]
        names = {name for m in messages for name in (m.author, m.talk)}
        numbers = {name: number_of(name) for name in names}
        columns["author"][begin:end] = [numbers[m.author] for m in messages]
        columns["talk"][begin:end] = [numbers[m.talk] for m in messages]
        self.words.extend([m.text for m in messages])
        self.count = end
        self._link(begin)
        for author in dict.fromkeys(m.author for m in messages):
            for word in words_of(author):
                if word in self.names or len(self.names) < NAMES_MAX:
                    self.names.setdefault(word, set()).add(numbers[author])
        self.offset_min = messages[-1].offset_min

    def places_of(self, seqs: NDArray[np.int64]) -> tuple[NDArray[np.intp], NDArray[np.bool_]]:
        """Return the places of messages, and which of them are here."""
        places = np.searchsorted(self.seq, seqs)
        places[places == self.count] = 0
        here = self.seq[places] == seqs if self.count else np.zeros(len(seqs), np.bool_)
        return places, here

    def alike(self, places: NDArray[np.intp], others: NDArray[np.intp]) -> NDArray[np.float32]:
        """Return the cosine of each turn with that of the others that is most like it; 0 without rows."""
        if self.turns is None or not len(others):
            return np.zeros(len(places), np.float32)
        rows = to_vectors(self.turns.at(places))
        alike: NDArray[np.float32] = (rows @ to_vectors(self.turns.at(others)).T).max(axis=1)
        return np.where(self.turns.here[places], alike, np.float32(0))

    def within(self, within: Within) -> NDArray[np.bool_] | None:
        """Tell which messages meet the conditions; None where there are none."""
        kept = []
        if within.talk is not None:
            kept.append(self._column("talk") == number_of(within.talk))
        if within.author is not None:
            kept.append(self._column("author") == number_of(within.author))
        if within.own is not None:
            kept.append(self._column("own") == within.own)
        if within.begin_us is not None:
            kept.append(self._column("at_us") >= within.begin_us)
        if within.end_us is not None:
            kept.append(self._column("at_us") < within.end_us)
        return np.logical_and.reduce(kept) if kept else None

    def _column(self, name: str) -> NDArray[Any]:
        return self._columns[name][: self.count]

    def _reserve(self, count: int) -> None:
        have = len(self._columns["seq"])
        if count <= have:
            return
        room = max(count, have + have // 16 + 64)
        for name, column in self._columns.items():
            wider = np.empty(room, column.dtype)
            wider[: self.count] = column[: self.count]
            self._columns[name] = wider

    def _link(self, begin: int) -> None:
        """Find the message before each one from `begin` on, in its talk."""
        before = self._columns["before"]
        for place, talk in enumerate(self._columns["talk"][begin : self.count].tolist(), begin):
            last = self._last_of.get(talk, -1)
            before[place] = last if place - last <= LOOK_BACK else -1
            self._last_of[talk] = place
        if len(self._last_of) > TALKS_MAX:
            near = self.count - LOOK_BACK
            self._last_of = {talk: place for talk, place in self._last_of.items() if place >= near}


def number_of(name: str) -> int:
    """Return the number that stands for an author or a talk.

    >>> number_of("ann") == number_of("ann"), number_of("ann") == number_of("bob")
    (True, False)
    """
    digest = blake2b(name.encode(errors="surrogatepass"), digest_size=8).digest()
    return int.from_bytes(digest, "little", signed=True)
