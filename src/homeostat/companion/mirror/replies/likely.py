"""Likely replies: candidates out of a person's memory, ranked for what they would answer."""

from collections.abc import Sequence
from dataclasses import replace
from itertools import islice

import msgspec
import numpy as np

from homeostat.companion.message import Message
from homeostat.companion.mirror.replies.features import (
    CHARS_MAX,
    TURNS_MAX,
    Floats,
    Situation,
    Turn,
    words_of,
)
from homeostat.companion.mirror.replies.ranker import Ranking, rank
from homeostat.companion.store.people import Memory, Within
from homeostat.companion.turns import KIND
from homeostat.core.embedder import Embedder
from homeostat.evaluate.function_words import FUNCTION_WORDS
from homeostat.runtime.embed.rows import to_vectors

PAST_MAX = 40
ABOUT_MAX = 8
PERSON = "person"


class LikelyReply(msgspec.Struct, frozen=True):
    """A reply with its probability, if one of those compared is the one; `signs` are what speaks for it.

    `seq` is the message that it is, where the person said it before; `written_by` is "person" or
    "model:NAME".
    """

    text: str
    probability: float
    written_by: str
    seq: int | None
    signs: dict[str, float]


class Likely(msgspec.Struct, frozen=True):
    """The likely replies, the best first; `knows` says whether the best is likely enough to be claimed."""

    replies: list[LikelyReply]
    knows: bool


def past_replies(memory: Memory, turns: Sequence[Turn]) -> list[Message]:
    """Return what the person said after turns like the last, each text once, without what is in this talk."""
    words = [word for word in words_of(turns[-1].text) if word not in FUNCTION_WORDS] or words_of(
        turns[-1].text
    )
    seqs, _ = memory.lexical.match(words, PAST_MAX + len(turns), Within(own=True))
    found = {message.seq: message for message in memory.reading.by_seq(seqs.tolist())}
    said = {turn.text for turn in turns}
    texts: dict[str, Message] = {}
    for seq in seqs.tolist():
        message = found.get(seq)
        if message is not None and message.text.strip() and message.text not in said:
            texts.setdefault(message.text, message)
    return list(texts.values())[:PAST_MAX]


def likely(
    memory: Memory, embedder: Embedder | None, turns: Sequence[Turn], candidates: Sequence[str] | None, k: int
) -> Likely:
    """Rank candidates, or past replies where none are given. Raises EmbedderError."""
    past = past_replies(memory, turns)
    given = [LikelyReply(text, 0.0, PERSON, None, {}) for text in candidates or ()]
    stated = (message for message in past if "?" not in message.text)
    about = list(islice(stated, ABOUT_MAX if given else 0))  # past replies do not speak for themselves
    replies = given or [LikelyReply(message.text, 0.0, PERSON, message.seq, {}) for message in past]
    if not replies:
        return Likely([], False)
    texts = [message.text[:CHARS_MAX] for message in about]
    situation = Situation([replace(turn, vector=None) for turn in turns[-TURNS_MAX:]], texts)
    ranking = _ranked(memory, embedder, situation, [message.seq for message in about], replies)
    best = [
        msgspec.structs.replace(replies[one.place], probability=one.probability, signs=one.signs)
        for one in ranking.ranked[:k]
    ]
    return Likely(best, ranking.knows)


def _ranked(
    memory: Memory,
    embedder: Embedder | None,
    situation: Situation,
    about: Sequence[int],
    replies: Sequence[LikelyReply],
) -> Ranking:
    texts = [reply.text[:CHARS_MAX] for reply in replies]
    if embedder is None:
        return rank(situation, texts)
    asked = [turn.text[:CHARS_MAX] for turn in situation.turns]
    seqs = [*(None for _ in asked), *about, *(reply.seq for reply in replies)]
    rows = vectors_of(memory, embedder, [*asked, *situation.about, *texts], seqs)
    n, m = len(asked), len(asked) + len(about)
    held = [replace(turn, vector=row) for turn, row in zip(situation.turns, rows[:n], strict=True)]
    return rank(Situation(held, situation.about, rows[n:m]), texts, rows[m:])


def vectors_of(
    memory: Memory, embedder: Embedder, texts: Sequence[str], seqs: Sequence[int | None]
) -> Floats:
    """Return a row a text: the kept one of its message if there is one, else embedded now."""
    rows = np.empty((len(texts), embedder.dimensions), np.float32)
    missing = list(range(len(texts)))
    if any(seq is not None for seq in seqs):
        kept, bytes_ = memory.vectors.load(KIND, embedder.model)
        place = {int(seq): at for at, seq in enumerate(kept.tolist())} if len(kept) else {}
        found = {at: place[seq] for at, seq in enumerate(seqs) if seq is not None and seq in place}
        if found:
            rows[list(found)] = to_vectors(np.asarray(bytes_)[list(found.values())])
        missing = [at for at in missing if at not in found]
    if missing:
        rows[missing] = embedder.embed([texts[at] for at in missing])
    return rows
