"""Words of a text, in lower case, and their hashes. Scripts without spaces give pairs of characters."""

import re
from collections.abc import Iterable
from itertools import pairwise
from zlib import crc32

CHARS_MAX = 20_000
"""What stands beyond is kept and found like all else, but a room is not named or chosen by it."""

_WORD = re.compile(r"[^\W\d_](?:[\w'’-]*[^\W_])?")
_UNSPACED = "\u2e80"
"""From here on stand the scripts of East Asia, which put no spaces between words."""


def words(text: str) -> list[str]:
    """Return the words of a text in their order.

    >>> words("Hey, it's 9 o'clock -- the sea-side!")
    ['hey', "it's", "o'clock", 'the', 'sea-side']
    >>> words("東京大学")
    ['東京', '京大', '大学']
    """
    found = _WORD.findall(text[:CHARS_MAX].lower())
    if text.isascii():
        return found
    split: list[str] = []
    for word in found:
        if len(word) > 2 and word[0] >= _UNSPACED:
            split += (a + b for a, b in pairwise(word))
        else:
            split.append(word)
    return split


def hashed(found: Iterable[str]) -> list[int]:
    """Return 32 bits for each word, the same in every process."""
    return [crc32(word.encode("utf-8", "replace")) for word in found]
