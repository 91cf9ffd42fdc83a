"""Windows: the part that makes the vectors of neighbouring turns.

A turn often says what it means only together with what it answers: "Yes, last week!" A window is a turn and
the turns before it in its talk, without the names of those who take part. Turns that follow are not in it,
so that a window never changes because somebody answers; `fusion.neighbouring` looks that way.
"""

from collections import deque
from collections.abc import Iterable, Sequence
from zlib import crc32

import msgspec
import numpy as np
from numpy.typing import NDArray

from homeostat.act.knobs.declaration import declared
from homeostat.companion.embed.embedder import Embedder
from homeostat.companion.embed.rows import to_rows
from homeostat.companion.message import Message
from homeostat.companion.search.index import LOOK_BACK, NAMES_MAX
from homeostat.companion.search.names import without, words_of
from homeostat.companion.store.people import Memory
from homeostat.runtime.host import Host

KIND = "window"
NOTE = "windows"
DIGEST_BYTES = 4
"""A row ends with a checksum of its text: after an edit only windows that changed are made again."""

TURN_CHARS = 800
"""Of the turn itself; of those before it half as much. An embedder reads some 1,000 characters."""


class Progress(msgspec.Struct, frozen=True, array_like=True):
    """How far the windows are made: of which embedder, how many turns, which generation.

    Rows up to `known` may have been made of an earlier generation; those up to `last` are up to date.
    """

    embedder: str
    turns: int
    generation: int
    last: int
    known: int
    names: list[str]

    @property
    def model(self) -> str:
        """The model that the rows are kept under."""
        return f"{self.embedder}; {self.turns} turns before"


class Windows:
    """A part: follows a memory with one row a message, of the turn and those before it."""

    name = "windows"

    def __init__(self, host: Host, embedder: Embedder) -> None:
        self._embedder = embedder
        self._made = host.counter("companion.windows_made", "1")
        self._turns = host.knob_set.declare(
            declared(
                "companion_window_turns",
                2,
                low=0,
                high=8,
                settle_s=600.0,
                help="turns before a turn that its window holds; a change makes all windows anew",
            )
        )

    def catch_up(self, memory: Memory, limit: int) -> bool:
        """Make the windows of up to `limit` messages; those of an earlier generation where they changed."""
        extent = memory.extent()
        progress = self._progress(memory, extent.generation)
        start = max(0, progress.last - LOOK_BACK)
        messages = memory.reading.after(start, LOOK_BACK + limit)
        names = set(progress.names)
        texts = _texts(messages, progress.last, progress.turns, names)
        if texts:
            self._make(memory, progress, texts)
        done = len(messages) < LOOK_BACK + limit
        last = extent.last if done else messages[-1].seq
        reached = msgspec.structs.replace(progress, last=last, names=sorted(names))
        if reached != progress or memory.notes.get(NOTE) is None:
            memory.notes.put({NOTE: msgspec.msgpack.encode(reached)})
        return done

    def _make(self, memory: Memory, progress: Progress, texts: dict[int, str]) -> None:
        digests = {seq: crc32(text.encode(errors="surrogatepass")) for seq, text in texts.items()}
        have = _digests(memory, progress) if progress.last < progress.known else {}
        wanted = [seq for seq in texts if have.get(seq) != digests[seq]]
        if not wanted:
            return
        rows = to_rows(self._embedder.embed([texts[seq] for seq in wanted]))
        marks = np.array([digests[seq] for seq in wanted], "<u4").view(np.int8).reshape(-1, DIGEST_BYTES)
        memory.vectors.put(KIND, progress.model, wanted, np.concatenate((rows, marks), axis=1))
        self._made.add(len(wanted))

    def _progress(self, memory: Memory, generation: int) -> Progress:
        turns = self._turns.get()
        found = progress_of(memory)
        if found is None or (found.embedder, found.turns) != (self._embedder.model, turns):
            return Progress(self._embedder.model, turns, generation, 0, 0, [])
        if found.generation != generation:
            known = max(found.known, found.last)
            return msgspec.structs.replace(found, generation=generation, last=0, known=known, names=[])
        return found


def progress_of(memory: Memory) -> Progress | None:
    """Return how far a person's windows are made; None where none were."""
    note = memory.notes.get(NOTE)
    return None if note is None else msgspec.msgpack.decode(note, type=Progress)


def vectors_of(rows: NDArray[np.int8]) -> NDArray[np.int8]:
    """Return the vectors of rows as they are kept."""
    return rows[:, :-DIGEST_BYTES]


def _digests(memory: Memory, progress: Progress) -> dict[int, int]:
    seqs, rows = memory.vectors.load(KIND, progress.model, progress.last)
    marks = np.ascontiguousarray(rows[:, -DIGEST_BYTES:]).view("<u4").reshape(-1)
    return dict(zip(seqs.tolist(), marks.tolist(), strict=True))


def _texts(messages: Iterable[Message], last: int, turns: int, names: set[str]) -> dict[int, str]:
    """Return the text of the window of each message after `last`, and add the names that are met."""
    talks: dict[str, deque[Message]] = {}
    texts: dict[int, str] = {}
    for message in messages:
        if len(names) < NAMES_MAX:
            names.update(words_of(message.author))
        before = talks.setdefault(message.talk, deque(maxlen=turns + 1))
        before.append(message)
        if message.seq > last:
            near = [m for m in before if message.seq - m.seq < LOOK_BACK]
            texts[message.seq] = _window([m.text for m in near], names)
    return texts


def _window(texts: Sequence[str], names: set[str]) -> str:
    half = TURN_CHARS // 2
    parts = [text[-half:] for text in texts[:-1]] + [texts[-1][:TURN_CHARS]]
    return without(" ".join(parts), names)
