"""The voice over time: how a person writes, in blocks of their messages, and where that changed."""

import math
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from homeostat.companion.message import Message
from homeostat.companion.ngrams.spoken import Spoken
from homeostat.core.interval import Interval
from homeostat.stats.change_points import ChangePoint, change_points
from homeostat.stats.student import quantile

Floats = NDArray[np.float64]

BLOCK = 8
"""Messages in a block at first; the blocks of a long history are larger, so that they stay few."""

BLOCKS_MAX = 256
FALSE_ALARMS = 0.05

_MESSAGES, _WORDS = 0, 1
MEASURES = {
    "words a message": (_WORDS, _MESSAGES),
    "signs a word": (2, _WORDS),
    "share of messages that ask": (3, _MESSAGES),
    "share of messages that exclaim": (4, _MESSAGES),
    "share of messages with emoji": (5, _MESSAGES),
    "share of messages that begin with a capital": (6, _MESSAGES),
    "share of messages that end with a full stop": (7, _MESSAGES),
}
"""What is followed: a sum of each block, divided by another."""

_COLUMNS = 8


class Voice(msgspec.Struct, frozen=True, array_like=True):
    """Sums of blocks of `size` of the person's own messages, and the seq that each block begins with."""

    size: int
    sums: NDArray[np.float64]
    begins: NDArray[np.int64]


NO_VOICE = Voice(BLOCK, np.empty(0), np.empty(0, dtype=np.int64))


@dataclass(frozen=True, slots=True)
class VoiceChange:
    """One measure of a person's writing that changed, and stayed changed for some blocks at least.

    `before` and `after` are its means on both sides, `change` the 95% interval of their difference (Welch's,
    over blocks as if independent). The change lies at the message `seq`, with 95% between `seq_low` and
    `seq_high`; `messages` is how many on both sides tell it.
    """

    measure: str
    before: float
    after: float
    change: Interval
    seq: int
    seq_low: int
    seq_high: int
    messages: int


def heard(voice: Voice, own: Sequence[Message], said: Spoken) -> Voice:
    """Return the voice after more of the person's own messages, whose words are `said`."""
    if not own:
        return voice
    rows = _rows([m.text for m in own], said)
    old = voice.sums.reshape(-1, _COLUMNS)
    last = int(old[-1, _MESSAGES]) if len(old) else 0
    held = max(len(old) - 1, 0) * voice.size + last
    block = (held + np.arange(len(own))) // voice.size
    sums = np.zeros((int(block[-1]) + 1, _COLUMNS))
    sums[: len(old)] = old
    np.add.at(sums, block, rows)
    new, first = np.unique(block[block >= len(old)], return_index=True)
    seqs = np.array([m.seq for m in own], dtype=np.int64)[block >= len(old)]
    begins = np.concatenate((voice.begins, seqs[first] if new.size else seqs[:0]))
    size = voice.size
    while len(sums) > BLOCKS_MAX:
        if len(sums) % 2:
            sums = np.concatenate((sums, np.zeros((1, _COLUMNS))))
        sums, begins, size = sums[::2] + sums[1::2], begins[::2], 2 * size
    return Voice(size, sums.reshape(-1), begins)


def voice_changes(voice: Voice) -> list[VoiceChange]:
    """Return where the person's writing changed, the earliest first.

    Guarantee: that of `change_points`, with its false alarms shared out among the measures: of a person whose
    writing does not change, something is told in about 5% of cases. Cost: 1 ms a measure.
    """
    sums = voice.sums.reshape(-1, _COLUMNS)
    whole = sums[:, _MESSAGES] >= voice.size / 2.0
    found = []
    for name, (over, under) in MEASURES.items():
        usable = np.flatnonzero(whole & (sums[:, under] > 0))
        values = sums[usable, over] / sums[usable, under]
        changes = change_points(values, FALSE_ALARMS / len(MEASURES)) if values.size else ()
        levels = [change for change in changes if change.kind == "level"]
        cuts = [0, *(change.index for change in levels), values.size]
        for change, (low, high) in zip(levels, pairwise(pairwise(cuts)), strict=True):
            told = _told(name, values, low, high, change, voice.begins[usable], voice.size)
            if told is not None:
                found.append(told)
    return sorted(found, key=lambda change: change.seq)


def _told(
    name: str,
    values: Floats,
    low: tuple[int, int],
    high: tuple[int, int],
    change: ChangePoint,
    begins: NDArray[np.int64],
    size: int,
) -> VoiceChange | None:
    before, after = values[slice(*low)], values[slice(*high)]
    if before.size < 2 or after.size < 2:
        return None
    old, new = float(before.mean()), float(after.mean())
    one, other = float(before.var(ddof=1)) / before.size, float(after.var(ddof=1)) / after.size
    half = 0.0
    if one + other > 0.0:
        degrees = (one + other) ** 2 / (one**2 / (before.size - 1) + other**2 / (after.size - 1))
        half = quantile(0.975, degrees) * math.sqrt(one + other)
    return VoiceChange(
        name,
        old,
        new,
        Interval(new - old - half, new - old + half, 0.95),
        int(begins[change.index]),
        int(begins[change.low]),
        int(begins[min(change.high, begins.size - 1)]),
        size * (before.size + after.size),
    )


def _rows(texts: Sequence[str], said: Spoken) -> Floats:
    """Return what each message adds to the sums of its block."""
    rows = np.ones((len(texts), _COLUMNS))
    rows[:, _WORDS] = np.bincount(said.message, minlength=len(texts))[: len(texts)]
    flags: list[tuple[Any, ...]] = [
        (
            len(text) - text.count(" "),
            "?" in text,
            "!" in text,
            not text.isascii() and _has_emoji(text),
            text[:1].isupper(),
            text.endswith("."),
        )
        for text in texts
    ]
    rows[:, 2:] = np.array(flags, dtype=np.float64)
    return rows


def _has_emoji(text: str) -> bool:
    return any(sign > "\u2000" and unicodedata.category(sign) == "So" for sign in text)
