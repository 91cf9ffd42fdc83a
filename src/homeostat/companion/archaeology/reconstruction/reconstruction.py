"""The reconstruction of what was likely said in a gap."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from homeostat.companion.archaeology.reconstruction.likeliest import (
    Ranked,
    likeliest_by_meaning,
    likeliest_by_words,
)
from homeostat.companion.archaeology.reconstruction.moments import Past
from homeostat.companion.archaeology.reconstruction.ranking import Method, confidence
from homeostat.companion.archaeology.reconstruction.reconstructed import Likely, Reconstructed
from homeostat.companion.archaeology.reconstruction.surroundings import (
    REACH,
    Floats,
    Rarity,
    Surroundings,
    Turn,
)
from homeostat.companion.archaeology.reconstruction.traits import content
from homeostat.companion.archaeology.topics import Topics, held, known_messages
from homeostat.companion.message import Message
from homeostat.companion.ngrams.spoken import spoken
from homeostat.companion.store.people import Memory, Within
from homeostat.core.errors import InputError

TURN = "turn"
LIKELY_MAX = 5
THEMES_MAX = 5
ASKED_MAX = 12
MATCHES_MAX = 48
_RANKS_ALIKE = 60.0
"""Of reciprocal rank fusion (Cormack, Clarke and Buttcher, SIGIR 2009): their value."""
_RARE_MIN = 3.0
"""A theme is a word that at most one in twenty of the person's messages has."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where something is missing: the messages around it, in order, and which of them stand before it."""

    before: tuple[Message, ...]
    after: tuple[Message, ...]

    @property
    def messages(self) -> tuple[Message, ...]:
        """All of them, in order."""
        return self.before + self.after

    @property
    def known(self) -> tuple[range, ...]:
        """Seqs that are not missing: of what stands around and, where both ends came in order, between."""
        sides = [range(side[0].seq, side[-1].seq + 1) for side in (self.before, self.after) if side]
        if len(sides) == 2 and sides[0].stop <= sides[1].start:
            return (range(sides[0].start, sides[1].stop),)
        return tuple(sides)


def place(memory: Memory, before: int, after: int) -> Place:
    """Return what stands around the place between two messages of one memory; 0 for an open end.

    On each side the messages of the same talk, the nearest `REACH` in seq. What was said before may have
    come in later: then its seq is the higher. Raises InputError where a message is not there.
    """
    if before < 0 or after < 0 or before == after:
        raise InputError(f"nothing lies between messages {before} and {after}: give two seqs, 0 for none")
    asked = {s for s in (*range(before - 4 * REACH, before + 1), *range(after, after + 4 * REACH)) if s > 0}
    asked -= set(range(before + 1, after))
    found = {message.seq: message for message in memory.reading.by_seq(sorted(asked))}
    missing = [seq for seq in (before, after) if seq and seq not in found]
    if missing:
        raise InputError(f"there is no message {missing[0]}: it was never there, or was removed")
    earlier = [found[s] for s in sorted(found) if s <= before and found[s].talk == found[before].talk]
    later = [found[s] for s in sorted(found) if s >= after > 0 and found[s].talk == found[after].talk]
    return Place(tuple(earlier[-REACH:]), tuple(later[:REACH]))


def reconstructed(memory: Memory, where: Place, topics: Topics, model: str | None) -> Reconstructed:
    """Return what the person likely said there, from their own words at other times.

    With the vectors of `model` where the memory has those of the surroundings, else by words. Bounded work:
    some 400 messages are read. Cost: 30 ms at 10,000 messages.
    """
    apart = where.known
    rarity = _rarity(topics)
    ranked = None
    method: Method = "words"
    if model is not None:
        past = Past(*memory.vectors.load(TURN, model))
        around = _around(where, past)
        if any(turn.vector is not None for turn in (*around.before[:1], *around.after[:1])):
            method = "meaning"
            ranked = likeliest_by_meaning(around, past, apart, memory.reading.by_seq, rarity)
    if ranked is None:
        found = _matching(memory, where, rarity)
        ranked = likeliest_by_words(_around(where, None), found, rarity)
    likely = tuple(
        Likely(m.seq, m.text, float(p))
        for m, p in zip(ranked.messages[:LIKELY_MAX], ranked.chances[:LIKELY_MAX], strict=True)
    )
    return Reconstructed(
        before=where.before[-1].seq if where.before else 0,
        after=where.after[0].seq if where.after else 0,
        likely=likely,
        themes=_themes(where, ranked, rarity),
        confidence=confidence(ranked.rows[0], method) if likely else 0.0,
        evidence=tuple(sorted({*(m.seq for m in where.messages), *(one.seq for one in likely)})),
        method=method,
    )


def _around(where: Place, past: Past | None) -> Surroundings:
    def turn(message: Message) -> Turn:
        at = past.place(message.seq) if past is not None else None
        return Turn(message.text, past.vectors([at])[0] if past is not None and at is not None else None)

    voices = {"" if m.own else f"other {m.author}" for m in where.messages}
    before, after = tuple(turn(m) for m in reversed(where.before)), tuple(turn(m) for m in where.after)
    return Surroundings(before, after, crowd=len(voices | {""}) > 2)


def _rarity(topics: Topics) -> Rarity:
    messages = known_messages(topics)

    def rarity(words: Sequence[str]) -> Floats:
        said = spoken(words)
        first = np.searchsorted(said.message, np.arange(len(words)))
        found = np.full(len(words), np.log(2.0 * (messages + 1.0)))
        first = first.clip(max=max(said.hashes.size - 1, 0))
        inside = (
            np.flatnonzero(said.message[first] == np.arange(len(words))) if said.hashes.size else first[:0]
        )
        _, most = held(topics.known, said.hashes[first[inside]])
        found[inside] = np.log((messages + 1.0) / (np.minimum(most, messages) + 0.5))
        return found

    return rarity


def _matching(memory: Memory, where: Place, rarity: Rarity) -> list[Message]:
    """Return the person's own messages that share the rarest words with either side, those of both first.

    A message is found by its own words and by those of the message before it: so are replies at like moments.
    """
    apart = where.known
    ranks: dict[int, float] = {}
    for side in (where.before, where.after):
        words = list({stem: word for m in side for stem, word in content(m.text).items()}.values())
        rarest = np.argsort(-rarity(words), kind="stable")[:ASKED_MAX]
        asked = [words[int(i)] for i in rarest]
        seqs = memory.lexical.match(asked, MATCHES_MAX, Within(own=True))[0].tolist() if asked else []
        for rank, seq in enumerate(seqs):
            ranks[seq] = ranks.get(seq, 0.0) + 1.0 / (_RANKS_ALIKE + rank)
    found = {message.seq: message for message in memory.reading.by_seq(sorted(ranks))}
    best = sorted(ranks, key=lambda seq: (-ranks[seq], seq))
    return [found[s] for s in best if s in found and found[s].text and not any(s in seqs for seqs in apart)]


def _themes(where: Place, ranked: Ranked, rarity: Rarity) -> tuple[str, ...]:
    """Return words of the likely turns, weighted by how likely and rare; twice those around too."""
    around = {stem for message in where.messages for stem in content(message.text)}
    weight: dict[str, float] = {}
    surface: dict[str, str] = {}
    for message, share in zip(ranked.messages, ranked.chances.tolist(), strict=True):
        for stem, word in content(message.text).items():
            weight[stem] = weight.get(stem, 0.0) + share * (2.0 if stem in around else 1.0)
            surface.setdefault(stem, word)
    if not weight:
        return ()
    rare = dict(zip(weight, rarity([surface[stem] for stem in weight]).tolist(), strict=True))
    telling = {s: w * rare[s] for s, w in weight.items() if rare[s] >= _RARE_MIN and len(s) > 2}
    return tuple(surface[s] for s in sorted(telling, key=lambda s: (-telling[s], s))[:THEMES_MAX])
