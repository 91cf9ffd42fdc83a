"""The query: what a question asks for, read once."""

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass

from homeostat.companion.names import without
from homeostat.companion.search.several import asks_for_several
from homeostat.companion.search.when import Span, asks_when, spans
from homeostat.companion.store.telling import COMMON

CHARS_MAX = 4_096
"""Characters of a question that are read."""

WORDS_MAX = 32

SEVERAL_MAX = 5
"""Telling words of a question for several things: one of more names one of them, however it is put."""

LITTLE_MAX = 2
"""A question of so few telling words resembles much, and nothing as a whole."""

QUESTION_MARKS = ("?", "？", "؟")

_WORD = re.compile(r"[^\W_]+")


@dataclass(frozen=True, slots=True)
class Query:
    """A question: its words and its text without names, whom and what times it names.

    `several` asks for several things, `little` says so little that much may be meant.
    """

    words: tuple[str, ...]
    meaning: str
    named: frozenset[int]
    spans: tuple[Span, ...]
    asks_when: bool
    several: bool
    little: bool


def read(text: str, names: Mapping[str, Collection[int]], now_us: int, offset_min: int) -> Query:
    """Read a question about people by the words that they are called by, each with their numbers.

    >>> query = read("Where did Ann go?", {"ann": {7}}, 0, 0)
    >>> query.words, query.meaning, query.named
    (('where', 'did', 'ann', 'go'), 'Where did go?', frozenset({7}))
    """
    text = _cut(text)
    meaning = without(text, names)
    said = set(_words(text))
    words = _words(meaning)
    if all(word in COMMON for word in words):
        words = _words(text) or text.split()
    telling = sum(word not in COMMON for word in words)
    when = asks_when(text)
    return Query(
        words=tuple(words[:WORDS_MAX]),
        meaning=meaning,
        named=frozenset(author for word in said for author in names.get(word, ())),
        spans=tuple(spans(text, now_us, offset_min)),
        asks_when=when,
        several=telling <= SEVERAL_MAX and asks_for_several(text),
        little=telling <= LITTLE_MAX and not when and text.rstrip().endswith(QUESTION_MARKS),
    )


def gist(text: str, names: Mapping[str, Collection[int]]) -> str:
    """Return a question without the names of those who take part: `read(...).meaning`, quickly.

    >>> gist("Where did Ann go?", {"ann": {7}})
    'Where did go?'
    """
    return without(_cut(text), names)


def _cut(text: str) -> str:
    return text[:CHARS_MAX].replace("\0", " ")


def _words(text: str) -> list[str]:
    return list(dict.fromkeys(_WORD.findall(text.casefold())))
