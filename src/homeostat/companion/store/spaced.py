"""Spaced text: signs that are words by themselves stand apart, so that an index of words finds them."""

import re

TOKENIZER = ("porter", "unicode61", "remove_diacritics", "2", "categories", "L* N* Co So")
"""FTS5's: stems of English, lower case, no diacritics; symbols, which emoji are, are words."""

# CJK, kana, symbols and emoji; hangul is written with spaces. What joins and colours emoji falls away.
_SIGNS = re.compile(
    "([\u2190-\u2bff\u2e80-\u2fdf\u3005-\u30ff\u3400-\u9fff\uf900-\ufaff\U0001f000-\U0001faff"
    "\U00020000-\U0003ffff])[\ufe0f\u200d\U0001f3fb-\U0001f3ff]*"
)


def spaced(text: str) -> str:
    """Return a text in which signs of scripts without spaces stand apart.

    >>> spaced("I love 東京")
    'I love  東  京 '
    """
    return text if text.isascii() else _SIGNS.sub(r" \1 ", text)
