"""Drift: how a voice of late differs from what it was, with an interval for each aspect."""

import msgspec
import numpy as np

from homeostat.companion.mirror.voice import habits
from homeostat.companion.mirror.voice.voice import Counted
from homeostat.evaluate.emotion import affect
from homeostat.evaluate.function_words import FORMS
from homeostat.stats.shift import shift

ASPECTS = (
    "characters a message",
    "share that begins with a capital",
    "share that ends with a full stop",
    "share that asks",
    "share that exclaims",
    "emoticons and emoji a message",
    "short and talk forms, share of words",
    "glad less troubled words, share of words",
)
EMOTICONS = ("emoji", "laughing or smiling emoticon", "other emoticon")
BLOCK = 50
"""Own messages that make a block."""

BLOCKS_MAX = 64
RECENT_SHARE = 0.25
BLOCKS_EACH_MIN = 6
"""With fewer recent blocks nothing is said: no interval of so many aspects could leave out zero."""

CONFIDENCE = 1.0 - 0.05 / len(ASPECTS)
"""Each interval is so sure that all together are at 95%."""


class Drift(msgspec.Struct, frozen=True):
    """An aspect before and of late; `certain` where the interval of the difference leaves out zero."""

    aspect: str
    before: float
    lately: float
    low: float
    high: float
    certain: bool


def aspects(counted: Counted) -> list[float]:
    """Return the aspects of some messages, in the order of `ASPECTS`."""
    found, n = counted.habits, max(counted.messages, 1)
    words = max(counted.words.total(), 1)
    glad, troubled = affect.counted(counted.words)
    emoji = sum(
        found[habits.INDEX[name]] for name in ("emoji", "laughing or smiling emoticon", "other emoticon")
    )
    return [
        float(found[: habits.CLASSES].sum()) / n,
        float(found[habits.INDEX["begins with a capital"]]) / n,
        float(found[habits.INDEX["ends with a full stop"]]) / n,
        float(found[habits.INDEX["ends with a question mark"]]) / n,
        float(found[habits.INDEX["ends with an exclamation mark"]]) / n,
        float(emoji) / n,
        sum(counted.words[form] for form in FORMS) / words,
        (glad - troubled) / words,
    ]


def shortened(blocks: list[list[float]]) -> list[list[float]]:
    """Return at most `BLOCKS_MAX` blocks: the older half has neighbours joined when there are more."""
    if len(blocks) <= BLOCKS_MAX:
        return blocks
    half = len(blocks) // 2 // 2 * 2
    pairs = np.array(blocks[:half]).reshape(half // 2, 2, -1).mean(1)
    return [*pairs.tolist(), *blocks[half:]]


def drift(blocks: list[list[float]]) -> list[Drift]:
    """Return how the last quarter of the blocks differs from those before; empty where there are too few.

    Guarantee: that of `stats.shift`, for all aspects together at 95%, looked at once. A block is the mean of
    50 messages or, where the history is long, of more.
    """
    recent = int(len(blocks) * RECENT_SHARE)
    if recent < BLOCKS_EACH_MIN:
        return []
    table = np.array(blocks)
    found = []
    for at, aspect in enumerate(ASPECTS):
        moved = shift(table[:-recent, at], table[-recent:, at], CONFIDENCE)
        assert moved is not None, "there are enough blocks"
        low, high = moved.difference_interval.low, moved.difference_interval.high
        found.append(Drift(aspect, moved.before, moved.after, low, high, low > 0.0 or high < 0.0))
    return found
