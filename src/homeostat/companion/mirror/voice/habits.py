"""Surface habits: length, case, punctuation, emoticons; counted over many messages at once."""

import re

import numpy as np
from numpy.typing import NDArray

from homeostat.companion.mirror.voice.grams import CodePoints, Counts

PUNCTUATION = ".,;:!?'\"()[]{}<>/\\|-_+=*&%$#@~^`\x01"
LENGTHS = (4, 8, 16, 32, 64, 128, 256)
"""Upper ends of the classes of message length, in characters."""

NAMES = (
    *(f"chars {mark!r}" for mark in PUNCTUATION),
    "lower case letters",
    "capital letters",
    "digits",
    "spaces",
    "letters beyond ASCII",
    "emoji",
    "other marks",
    "two spaces",
    "same mark twice",
    "same letter thrice",
    "mark without a space after it",
    "space before a mark",
    "all messages",
    *(f"messages up to {length} characters" for length in LENGTHS),
    "begins with a capital",
    "begins with a small letter",
    "ends with a letter or digit",
    "ends with a full stop",
    "ends with a question mark",
    "ends with an exclamation mark",
    "ends with a bracket",
    "ends with an ellipsis",
    "sentence after another",
    "laughing or smiling emoticon",
    "emoticon with a nose",
    "other emoticon",
    "lone i",
    "capital I",
    "word in capitals",
)
INDEX = {name: at for at, name in enumerate(NAMES)}
SIZE = len(NAMES)
MESSAGES = INDEX["all messages"]

_LOWER, _UPPER, _DIGIT, _SPACE, _BEYOND, _EMOJI, _OTHER = range(len(PUNCTUATION), len(PUNCTUATION) + 7)
CLASSES = _OTHER + 1
"""The first habits are the classes of characters: so many."""
_EMOJI_BEGIN = 0x1F000
_EMOTICON = re.compile(r"(?<!\w)[:;=8xX](-?)([)(DPpOo/\\|3*])(?!\w)")
_LONE = re.compile(r"(?<![\w'’])[iI](?![\w'’])")
_CAPITALS = re.compile(r"\b[A-Z]{2,}\b")
_SENTENCES = re.compile(r"[.!?] +\S")


def _table() -> NDArray[np.uint8]:
    """Return the class of each character of the first two planes' beginning."""
    table = np.full(0x3000, _OTHER, np.uint8)
    for point in range(table.size):
        character = chr(point)
        if character.isspace():
            table[point] = _SPACE
        elif character.isdigit():
            table[point] = _DIGIT
        elif point >= 128:
            table[point] = _BEYOND if character.isalpha() else _OTHER
        elif character.isupper():
            table[point] = _UPPER
        elif character.islower():
            table[point] = _LOWER
    table[0x2600:0x27C0] = _EMOJI
    for at, mark in enumerate(PUNCTUATION):
        table[ord(mark)] = at
    return table


_TABLE = _table()
_TABLE.setflags(write=False)


def classes(points: CodePoints) -> NDArray[np.uint8]:
    """Return the class of each character."""
    found = _TABLE[np.minimum(points, 0x2FFF)]
    high = points >= 0x3000
    if high.any():
        found[high] = np.where(points[high] >= _EMOJI_BEGIN, _EMOJI, _BEYOND)
    return found


def habits(texts: list[str], points: CodePoints, breaks: Counts) -> NDArray[np.float64]:
    """Return the counts of all habits over the texts, shape (SIZE,), in the order of `NAMES`.

    `points` and `breaks` are the texts' code points. Empty texts count as messages of the first length.
    """
    kinds = classes(points)
    counts = np.bincount(kinds, minlength=CLASSES).astype(np.float64)
    counts[_SPACE] -= breaks.size  # the breaks themselves
    same = points[1:] == points[:-1]
    marks = kinds < _LOWER
    spaces = kinds == _SPACE
    inner = points != 10
    thrice = same[1:] & same[:-1] & ((kinds[2:] == _LOWER) | (kinds[2:] == _UPPER))
    pairs = [
        np.count_nonzero(same & spaces[1:] & inner[1:]),
        np.count_nonzero(same & marks[1:]),
        np.count_nonzero(thrice),
        np.count_nonzero(marks[:-1] & ~spaces[1:] & ~marks[1:]),
        np.count_nonzero(spaces[:-1] & marks[1:] & inner[:-1]),
    ]
    lengths = np.diff(breaks) - 1
    by_length = np.bincount(np.searchsorted(LENGTHS, lengths), minlength=len(LENGTHS) + 1)
    said = lengths > 0
    first_kind = kinds[breaks[:-1][said] + 1]
    last = points[breaks[1:][said] - 1]
    last_kind = kinds[breaks[1:][said] - 1]
    before_last = points[breaks[1:][said] - 2]
    stop = last == ord(".")
    ellipsis = (stop & (before_last == ord("."))) | (last == 0x2026)
    ends = [
        np.count_nonzero(first_kind == _UPPER),
        np.count_nonzero(first_kind == _LOWER),
        np.count_nonzero((last_kind >= _LOWER) & (last_kind <= _DIGIT)),
        np.count_nonzero(stop & ~ellipsis),
        np.count_nonzero(last == ord("?")),
        np.count_nonzero(last == ord("!")),
        np.count_nonzero(last == ord(")")),
        np.count_nonzero(ellipsis),
    ]
    return np.concatenate((counts, pairs, [len(texts)], by_length[: len(LENGTHS)], ends, _by_pattern(texts)))


def _by_pattern(texts: list[str]) -> list[int]:
    """Count what needs a look at the text itself."""
    joined = "\n".join(texts)
    emoticons = _EMOTICON.findall(joined)
    glad = sum(mouth in ")DPp3*" for _, mouth in emoticons)
    lone = _LONE.findall(joined)
    small = lone.count("i")
    return [
        len(_SENTENCES.findall(joined)),
        glad,
        sum(nose == "-" for nose, _ in emoticons),
        len(emoticons) - glad,
        small,
        len(lone) - small,
        len(_CAPITALS.findall(joined)),
    ]
