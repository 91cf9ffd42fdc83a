"""Linking: which earlier memories a memory belongs to, across talks and time."""

import re
from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from homeostat.companion.dream.derived import Why
from homeostat.companion.dream.integrate.kept import LINKED, WHYS
from homeostat.companion.message import Message
from homeostat.companion.palace.tiers import SILENCE_US
from homeostat.companion.store.people import Memory
from homeostat.companion.store.telling import COMMON
from homeostat.companion.turns import KIND as TURN
from homeostat.core.embedder import Embedder
from homeostat.runtime.embed.rows import cosines

LINKS_MAX = 16
"""Links to earlier memories that one memory has, the strongest."""

BY_WORDS = 12
BY_MEANING = 32
"""Memories that are looked at for one."""

TEXT_CHARS_MAX = 4_096

ALIKE_MIN = 0.5
"""The least cosine of two memories that are linked by what they mean."""

SHARED_MIN = 0.3
"""The least score of an earlier memory for the words of a later one, as a share of the later one's own."""

NAMED_MAX = 8
"""A name that more memories have links none of them."""

WORDS_MAX = 24

_WORD = re.compile(r"[^\W_]+")
_NAME = re.compile(r"(?<=[\w,;:] )[A-Z][a-z]\w+")

Vectors = tuple[NDArray[np.int64], NDArray[np.int8]]


def rows_of(memory: Memory, embedder: Embedder | None) -> Vectors:
    """Return the rows of a memory's turns, none without an embedder."""
    if embedder is None:
        return np.empty(0, np.int64), np.empty((0, 0), np.int8)
    return memory.vectors.load(TURN, embedder.model)


def linked(memory: Memory, messages: Sequence[Message], vectors: Vectors) -> NDArray[np.void]:
    """Return the links of messages to earlier ones. Costs some two searches by words a message."""
    found = [link for message in messages for link in _links(memory, message, vectors)]
    return np.array(found, LINKED) if found else np.empty(0, LINKED)


def _links(memory: Memory, message: Message, vectors: Vectors) -> list[tuple[int, int, int, float]]:
    weights: dict[int, tuple[float, Why]] = {}
    for seq, weight, why in (
        *_by_words(memory, message),
        *_by_names(memory, message),
        *_by_meaning(message, vectors),
    ):
        if seq < message.seq and weight > weights.get(seq, (0.0, why))[0]:
            weights[seq] = (weight, why)
    apart = [
        earlier.seq
        for earlier in memory.reading.by_seq(sorted(weights))
        if abs(message.at_us - earlier.at_us) > SILENCE_US and earlier.author == message.author
    ]
    best = sorted(apart, key=lambda seq: -weights[seq][0])[:LINKS_MAX]
    return [
        (message.seq, seq, WHYS.index(weights[seq][1]), min(weights[seq][0], 1.0)) for seq in sorted(best)
    ]


def _by_words(memory: Memory, message: Message) -> Iterator[tuple[int, float, Why]]:
    """Tell which memories have the rare words of one; their scores as shares of its own."""
    words = list(dict.fromkeys(_WORD.findall(message.text[:TEXT_CHARS_MAX].casefold())))
    telling = [word for word in words if word not in COMMON][:WORDS_MAX]
    if not telling:
        return
    seqs, scores = memory.lexical.match(telling, BY_WORDS)
    own = scores[seqs == message.seq]
    if not len(own) or own[0] <= 0:
        return
    for seq, score in zip(seqs.tolist(), (scores / own[0]).tolist(), strict=True):
        if score >= SHARED_MIN:
            yield seq, score, Why.WORDS


def _by_names(memory: Memory, message: Message) -> Iterator[tuple[int, float, Why]]:
    """Tell which memories have a name that this one has, of names that few have."""
    for name in dict.fromkeys(_NAME.findall(message.text[:TEXT_CHARS_MAX])):
        if name.casefold() in COMMON:
            continue
        seqs, _ = memory.lexical.match([name], NAMED_MAX + 1)
        if 1 < len(seqs) <= NAMED_MAX:
            for seq in seqs.tolist():
                yield seq, 1 / len(seqs), Why.NAMES


def _by_meaning(message: Message, vectors: Vectors) -> Iterator[tuple[int, float, Why]]:
    """Tell which earlier memories mean about the same."""
    seqs, rows = vectors
    place = int(np.searchsorted(seqs, message.seq))
    if place == 0 or place == len(seqs) or seqs[place] != message.seq:
        return
    alike = cosines(rows[:place], rows[place])
    best = np.argpartition(-alike, min(BY_MEANING, place - 1))[:BY_MEANING]
    for near in best.tolist():
        if alike[near] >= ALIKE_MIN:
            yield int(seqs[near]), float(alike[near]), Why.MEANING
