"""The language of a text: told by its function words, where there are enough of them to tell."""

import re
import tomllib
from collections.abc import Mapping
from functools import lru_cache
from importlib.resources import files
from types import MappingProxyType

from homeostat.evaluate.english import is_foreign

UNKNOWN, OTHER = "", "und"
"""Too little to tell by, and a language of which we know no words ("undetermined" in ISO 639)."""

READ_MAX = 400
"""So many characters of a text are read."""

HITS_MIN = 2
"""So many function words are needed to name a language, and more than any other language has."""

_WORD = re.compile(r"[^\W\d_]+")
COVERED = frozenset((UNKNOWN, "en", "de"))
"""Doubt, and languages in which the guard judges harm; of others it knows plain terms and personal data."""


def primary(tag: str) -> str:
    """Return the language of a tag such as `de-AT`, in small letters."""
    return tag.partition("-")[0].lower()


def language_of(text: str) -> str:
    """Return the language of a text in ISO 639-1, `und` for one of which we know no words, "" if in doubt.

    It knows English, German, French, Spanish, Italian, Portuguese and Dutch. Cost: some 10 us.

    >>> language_of("Kannst du mir sagen, wann der Zug kommt?"), language_of("Good morning!")
    ('de', '')
    """
    words = frozenset(_WORD.findall(text[:READ_MAX].lower()))
    hits = sorted(((len(known & words), language) for language, known in _words().items()), reverse=True)
    (most, language), (second, _) = hits[:2]
    if most >= HITS_MIN and most > second:
        return language
    return OTHER if is_foreign(len(words), most) else UNKNOWN


@lru_cache(maxsize=1)
def _words() -> Mapping[str, frozenset[str]]:
    document = tomllib.loads(files(__package__).joinpath("language.toml").read_text(encoding="utf-8"))
    return MappingProxyType({language: frozenset(words.split()) for language, words in document.items()})
