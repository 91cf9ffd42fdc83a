"""Plain texts: messages without what tells their author by itself (names, addresses of pages)."""

import re
from collections.abc import Iterable, Sequence

from homeostat.evaluate.function_words import FUNCTION_WORDS

CHARS_MAX = 4_000
"""Of one message so much is read: what is longer is pasted, and no voice."""

WORD = re.compile(r"\w+(?:['’]\w+)*")
NAME_MARK = "@"
ADDRESS_MARK = "\x01"
_ADDRESS = re.compile(r"(?:https?|ftp)://\S+")
_NAME_CHARS = r"\w\-\[\]{}|^`\\"


class Names:
    """Names of people, found in texts wherever they stand as words, in any case.

    Names of one letter and those that are common words are left alone.

    >>> Names(["Ann", "bob_7"]).strip("bob_7: ask ann, or annie")
    '@: ask @, or annie'
    """

    def __init__(self, names: Iterable[str]) -> None:
        kept = {name.strip().lower() for name in names}
        kept = {name for name in kept if len(name) > 1 and name not in FUNCTION_WORDS}
        keys = {max(WORD.findall(name), key=len, default=""): name for name in kept}
        self._keys = frozenset(keys) - {""}
        found = "|".join(re.escape(name) for name in sorted(kept, key=len, reverse=True))
        self._pattern = re.compile(
            rf"(?<![{_NAME_CHARS}])(?:{found})(?![{_NAME_CHARS}])" if found else r"(?!)", re.IGNORECASE
        )

    def strip(self, text: str) -> str:
        """Return the text with a mark in place of each name."""
        if self._keys and not self._keys.isdisjoint(WORD.findall(text.lower())):
            return self._pattern.sub(NAME_MARK, text)
        return text


NOBODY = Names(())


def plain(texts: Sequence[str], names: Names = NOBODY) -> list[str]:
    """Return the texts as the voice reads them: cut, with marks for names and addresses."""
    return [
        names.strip(_ADDRESS.sub(ADDRESS_MARK, text) if "://" in text else text)
        for text in (text[:CHARS_MAX] for text in texts)
    ]
