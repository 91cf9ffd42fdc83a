"""The lexical check: whether two texts differ in what embeddings hardly see.

Those are negation, numbers, names, opposites, what is asked for, and the order of the same words. It refuses
too much rather than too little: a refusal costs one answer. What differs only by a word that no list knows,
in small letters, it does not see; the share of false hits tells how often that happens.
"""

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from itertools import chain

WORD = re.compile(r"[\w][\w'.,:/@#+\-]*[\w+#]|[\w]|[%$€£]", re.UNICODE)
NUMBER = re.compile(r"[+-]?\d[\d.,]*\Z")
SENTENCE_END = frozenset(".?!:\n")


@dataclass(frozen=True, slots=True)
class _Lexicon:
    negations: frozenset[str]
    prefixes: frozenset[str]
    asked: frozenset[str]
    starters: frozenset[str]
    exclusive: tuple[frozenset[str], ...]
    figures: Mapping[str, str]
    """Number words with their figures."""


@cache
def _lexicon() -> _Lexicon:
    text = files("homeostat.runtime.cache.semantic").joinpath("lexicon.toml").read_text(encoding="utf-8")
    lists = tomllib.loads(text)
    return _Lexicon(
        negations=frozenset(lists["negations"]),
        prefixes=frozenset(lists["prefixes"]),
        asked=frozenset(lists["asked"]),
        starters=frozenset(lists["starters"]),
        exclusive=tuple(frozenset(row) for row in lists["exclusive"]),
        figures={word: str(figure) for figure, word in enumerate(lists["numbers"])},
    )


class _Text:
    """A text as the check sees it."""

    def __init__(self, text: str) -> None:
        text = text.replace("’", "'").replace("n't", "n't ")
        found = list(WORD.finditer(text))
        self.words = [match[0].lower() for match in found]
        self.bag = frozenset(chain(self.words, chain.from_iterable(re.split(r"\W+", w) for w in self.words)))
        lexicon = _lexicon()
        figures = lexicon.figures
        self.negations = sum(w in lexicon.negations or w.endswith("n't") for w in self.words)
        self.numbers = [
            _figure(figures.get(w, w)) for w in self.words if NUMBER.match(w) or w in figures or w in "%$€£"
        ]
        self.names = [
            match[0].lower()
            for match in found
            if _is_name(match[0], _begins_sentence(text, match.start()), lexicon.starters)
        ]
        self.asked = frozenset(self.words) & lexicon.asked


def difference(first: str, second: str) -> str | None:
    """Return in what two texts differ, None where in nothing that this check knows.

    >>> difference("Is aspirin safe for cats?", "Is aspirin not safe for cats?")
    'negation'
    >>> difference("How do I reset my password?", "How can I reset the password?")
    """
    a, b = _Text(first), _Text(second)
    if bool(a.negations) != bool(b.negations) or a.negations % 2 != b.negations % 2:
        return "negation"
    if _says_contrary(a, b) or _says_contrary(b, a):
        return "negation"
    if a.numbers != b.numbers:
        return "number"
    if not (a.bag >= set(b.names) and b.bag >= set(a.names)):
        return "name"
    if a.asked and b.asked and a.asked != b.asked:
        return "asked"
    if any(_excludes(row, a.bag, b.bag) for row in _lexicon().exclusive):
        return "opposite"
    if a.words != b.words and sorted(a.words) == sorted(b.words):
        return "order"
    return None


def _excludes(row: frozenset[str], a: frozenset[str], b: frozenset[str]) -> bool:
    in_a, in_b = row & a, row & b
    return bool(in_a) and bool(in_b) and in_a != in_b


def _says_contrary(a: _Text, b: _Text) -> bool:
    """Tell whether one has a word of which the other has the contrary by a prefix: legal, illegal."""
    prefixes = _lexicon().prefixes
    return any(
        len(word) > 3 and prefix + word in b.bag and prefix + word not in a.bag
        for word in a.bag - b.bag
        for prefix in prefixes
    )


def _figure(word: str) -> str:
    """Return a number in one form: 1,000.50 and 1000.5 are the same."""
    plain = word.replace(",", "").rstrip(".")
    return plain.rstrip("0").rstrip(".") if "." in plain else plain


def _begins_sentence(text: str, start: int) -> bool:
    before = text[:start].rstrip(" \t\"'(*-")
    return not before or before[-1] in SENTENCE_END


def _is_name(word: str, begins: bool, starters: frozenset[str]) -> bool:
    """Tell whether a word names something: by capitals where no sentence begins, figures or signs in it."""
    if NUMBER.match(word):
        return False
    if any(c.isdigit() or c in "_/@#+" for c in word) or any(c.isupper() for c in word[1:]):
        return True
    return (
        word[0].isupper()
        and word != "I"
        and not word.startswith("I'")
        and not (begins and word.lower().removesuffix("n't").split("'")[0] in starters)
    )
