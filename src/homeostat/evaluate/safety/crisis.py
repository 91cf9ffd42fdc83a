"""Crisis language: a person who may be in danger is heard without an embedder, a queue or a lock.

It is told by phrases. What is said about others, long ago or in jest is not always told apart: it is better
to offer help once too often. English, German, and the plainest phrases of a few other languages.
"""

import re
import tomllib
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from importlib.resources import files
from types import MappingProxyType
from typing import Any

READ_MAX = 8_000

_APOSTROPHE = re.compile(r"['’‘ʼ`´]")
_OTHER = re.compile(r"[^\w]+|_+")
_RUN = re.compile(r"([a-z])\1\1+")
_UNSEEN = frozenset([*map(chr, range(0x300, 0x370)), *"\u200b\u200c\u200d\u2060\ufeff\u00ad"])


class Kind(StrEnum):
    """What a person may be in danger of."""

    SUICIDE = "suicide"
    SELF_HARM = "self_harm"
    DANGER = "danger"
    """Somebody hurts them, or is about to hurt others."""


@dataclass(frozen=True, slots=True)
class Help:
    """What is shown to people in danger, by audience and language; English where a language has none."""

    texts: Mapping[str, Mapping[str, str]]

    def text(self, audience: str, language: str = "en") -> str:
        """Return the text for an audience, of which those that have none of their own get `adult`'s."""
        by_language = self.texts.get(audience, self.texts["adult"])
        return by_language.get(language.partition("-")[0].lower(), by_language["en"])


class Crisis:
    """Finds crisis language. It holds nothing that changes, takes no lock, and is safe for threads.

    A message of 100 characters takes some 80 us, the slowest text that we found 10 ms. Of a text that is
    longer than 8,000 characters its beginning and its end are read, half of that each.
    """

    def __init__(self) -> None:
        document = _document()
        self._phrases = {
            kind: re.compile("|".join(document["phrases"][kind].strip().splitlines())) for kind in Kind
        }

    def found(self, text: str) -> Kind | None:
        """Return what the person who wrote this may be in danger of, None where nothing says so."""
        plain = _plain(text)
        for kind, phrase in self._phrases.items():
            if phrase.search(plain) is not None:
                return kind
        return None


def help_texts() -> Help:
    """Return what we show; a host may show its own, which knows its country's numbers."""
    return Help(_document()["help"])


def _plain(text: str) -> str:
    """Return a text as plain words: small, without accents or apostrophes, letters at most twice in a row."""
    if len(text) > READ_MAX:
        text = f"{text[: READ_MAX // 2]} {text[-READ_MAX // 2 :]}"
    if not text.isascii():
        text = "".join(sign for sign in unicodedata.normalize("NFKD", text) if sign not in _UNSEEN)
    words = _APOSTROPHE.sub("", text.lower())
    return _RUN.sub(r"\1", _OTHER.sub(" ", words)).strip()


@lru_cache(maxsize=1)
def _document() -> Mapping[str, Any]:
    text = files(__package__).joinpath("crisis.toml").read_text(encoding="utf-8")
    return MappingProxyType(tomllib.loads(text))
