"""What was learned of a person's way of writing: a note of some tens of kilobytes."""

import zlib
from collections import Counter
from collections.abc import Sequence

import msgspec
import numpy as np

from homeostat.companion.message import Message
from homeostat.companion.mirror.voice import drift, habits
from homeostat.companion.mirror.voice.grams import BUCKETS
from homeostat.companion.mirror.voice.plain import Names, plain
from homeostat.companion.mirror.voice.rhythm import Rhythm
from homeostat.companion.mirror.voice.voice import Counted, count
from homeostat.evaluate.emotion import affect
from homeostat.evaluate.function_words import VOCABULARY

VERSION = 1
WORDS_MAX = 2_000
"""Words that are kept once more than twice as many are known; function words and forms are always kept."""

NAMES_MAX = 200


class Learned(msgspec.Struct):
    """What was learned from messages up to `last` of a generation; counts are of the person's own messages.

    `grams` are compressed counts, `block` the mean aspects of the `block_messages` since the last full block.
    Words are held, whole texts are not.
    """

    version: int = VERSION
    last: int = 0
    generation: int = 0
    messages: int = 0
    grams: bytes = b""
    habits: list[float] = []
    words: dict[str, int] = {}
    words_total: int = 0
    glad_signs: int = 0
    troubled_signs: int = 0
    rhythm: Rhythm = msgspec.field(default_factory=Rhythm)
    names: list[str] = []
    blocks: list[list[float]] = []
    block: list[float] = []
    block_messages: int = 0

    def counted(self) -> Counted:
        """Return the voice as it can be compared."""
        grams = np.zeros(BUCKETS, np.int64)
        if self.grams:
            grams = np.frombuffer(zlib.decompress(self.grams), np.uint32).astype(np.int64)
        surface = np.array(self.habits) if self.habits else np.zeros(habits.SIZE)
        return Counted(self.messages, grams, surface, Counter(self.words), self.words_total)

    def learn(self, messages: Sequence[Message]) -> None:
        """Learn from the next messages, of all authors, in their order."""
        self.rhythm.learn(messages)
        names = dict.fromkeys((*self.names, *(message.author for message in messages if message.author)))
        self.names = list(names)[-NAMES_MAX:]
        texts = plain([message.text for message in messages if message.own], Names(self.names))
        if not texts:
            return
        room = drift.BLOCK - self.block_messages
        ends = range(room, len(texts) + drift.BLOCK, drift.BLOCK)
        pieces = [count(texts[max(end - drift.BLOCK, 0) : end]) for end in ends]
        held = self.counted()
        for piece in pieces:
            self._extend_block(piece)
            held.words.update(piece.words)
        grams = held.grams + np.sum([piece.grams for piece in pieces], 0)
        self.messages += len(texts)
        self.grams = zlib.compress(grams.astype(np.uint32).tobytes(), 1)
        self.habits = (held.habits + np.sum([piece.habits for piece in pieces], 0)).tolist()
        self.words_total += sum(piece.total for piece in pieces)
        self.words = _kept(held.words)
        glad, troubled = affect.signs_of("\n".join(texts))
        self.glad_signs += glad
        self.troubled_signs += troubled

    def _extend_block(self, counted: Counted) -> None:
        """Take messages into the block, at most as many as it still has room for."""
        new, share = drift.aspects(counted), counted.messages / (counted.messages + self.block_messages)
        before = self.block or new
        self.block = [old + share * (value - old) for old, value in zip(before, new, strict=True)]
        self.block_messages += counted.messages
        if self.block_messages == drift.BLOCK:
            self.blocks = drift.shortened([*self.blocks, self.block])
            self.block, self.block_messages = [], 0


def _kept(words: Counter[str]) -> dict[str, int]:
    if len(words) <= 2 * WORDS_MAX:
        return dict(words)
    kept = {word: words[word] for word in VOCABULARY if words[word]}
    kept.update(words.most_common(WORDS_MAX))
    return kept


_DECODER = msgspec.msgpack.Decoder(Learned)


def encode(learned: Learned) -> bytes:
    """Return the note."""
    return msgspec.msgpack.encode(learned)


def decode(note: bytes | None) -> Learned:
    """Return what was learned; nothing where there is no note, or one of another version."""
    if note is None:
        return Learned()
    try:
        found = _DECODER.decode(note)
    except msgspec.MsgspecError:
        return Learned()
    return found if found.version == VERSION else Learned()
