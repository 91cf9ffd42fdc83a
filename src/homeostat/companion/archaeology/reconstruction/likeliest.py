"""The likeliest: which of the person's own past turns is most like what is missing."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from homeostat.companion.archaeology.reconstruction.moments import (
    MOMENTS_MAX,
    OTHERS_MAX,
    Past,
    alike,
    near_anything,
    replies,
)
from homeostat.companion.archaeology.reconstruction.ranking import Method, probabilities, scores
from homeostat.companion.archaeology.reconstruction.surroundings import Floats, Rarity, Surroundings, Turn
from homeostat.companion.archaeology.reconstruction.traits import traits
from homeostat.companion.message import Message
from homeostat.runtime.embed.rows import cosines, to_rows

Ints = NDArray[np.int64]
Read = Callable[[Sequence[int]], Sequence[Message]]

READ_MAX = 320
"""Messages that are read to find moments and candidates: about half of them are the person's own."""

CANDIDATES_MAX = 24


@dataclass(frozen=True, slots=True)
class Ranked:
    """Candidates, the likeliest first, with their probabilities and the traits of each."""

    messages: tuple[Message, ...]
    chances: Floats
    rows: Floats


def likeliest_by_meaning(
    around: Surroundings, past: Past, apart: Sequence[range], read: Read, rarity: Rarity
) -> Ranked:
    """Return the person's own turns that fit best, found and ranked by vectors, words and acts.

    `apart` are seqs of what is known not to be missing. Cost: 20 ms among 10,000.
    """
    seen = np.zeros(past.seqs.size, dtype=bool)
    for seqs in apart:
        seen |= (past.seqs >= seqs.start) & (past.seqs < seqs.stop)
    like = np.where(seen, -np.inf, alike(past, around))
    at_like = np.argsort(-like)[:READ_MAX]
    own = _own(past, at_like[np.isfinite(like[at_like])], read)
    replied = replies(past, around, np.array(list(own), dtype=np.int64)[:MOMENTS_MAX])
    fit = like / 2.0
    for beside in (*around.before[:1], *around.after[:1]):
        if beside.vector is not None:
            fit = fit + cosines(past.rows, to_rows(beside.vector)) / 2.0
    if replied is not None:
        fit = fit + cosines(past.rows, to_rows(replied / max(float(np.linalg.norm(replied)), 1e-9)))
    best = np.argsort(-fit)[: 4 * CANDIDATES_MAX]
    found = _own(past, best[np.isfinite(fit[best])], read)
    kept = {message.seq for message in distinct(list(found.values()), around)}
    places = [place for place, message in found.items() if message.seq in kept]
    vectors = past.vectors(places)
    others = np.linspace(0, past.seqs.size - 1, min(OTHERS_MAX, past.seqs.size)).astype(np.int64)
    turns = [Turn(found[p].text, v) for p, v in zip(places, vectors, strict=True)]
    near_all = near_anything(vectors, past, np.setdiff1d(others, places))
    rows = traits(around, turns, rarity, near_all, replied)
    return _ranked([found[p] for p in places], rows, "meaning", around.crowd)


def likeliest_by_words(around: Surroundings, found: Sequence[Message], rarity: Rarity) -> Ranked:
    """Return which of the messages found fit best, by words and acts alone."""
    kept = distinct(found, around)
    return _ranked(kept, traits(around, [Turn(m.text) for m in kept], rarity), "words", around.crowd)


def distinct(found: Sequence[Message], around: Surroundings) -> list[Message]:
    """Return the first messages of different texts, without those that were just said, word for word."""
    texts = {turn.text for turn in (*around.before, *around.after)}
    kept: list[Message] = []
    for message in found:
        if message.text not in texts and len(kept) < CANDIDATES_MAX:
            texts.add(message.text)
            kept.append(message)
    return kept


def _ranked(messages: Sequence[Message], rows: Floats, method: Method, crowd: bool) -> Ranked:
    found = scores(rows, method, crowd=crowd)
    order = np.argsort(-found, kind="stable")
    return Ranked(tuple(messages[i] for i in order), probabilities(found[order]), rows[order])


def _own(past: Past, places: Ints, read: Read) -> dict[int, Message]:
    """Return the person's own messages at some places, in the order of the places."""
    kept = {
        message.seq: message for message in read(past.seqs[places].tolist()) if message.own and message.text
    }
    seqs = past.seqs[places].tolist()
    return {int(p): kept[seq] for p, seq in zip(places, seqs, strict=True) if seq in kept}
