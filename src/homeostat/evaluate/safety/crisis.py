"""Crisis language: a person who may be in danger is heard without an embedder, a queue or a lock.

It is told by phrases. What is said about others, long ago or in jest is not always told apart: it is better
to offer help once too often. English, and the plainest phrases of a few other languages.
"""

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from importlib.resources import files
from types import MappingProxyType

from homeostat.core.errors import ConfigError


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
    """Finds crisis language. It holds nothing that changes, and is safe for threads."""

    def __init__(self, phrases: Mapping[Kind, re.Pattern[str]] | None = None) -> None:
        self._phrases = phrases if phrases is not None else _shipped()

    def found(self, text: str) -> Kind | None:
        """Return what the person who wrote this may be in danger of, None where nothing says so."""
        plain = text.lower().replace("’", "'")
        for kind, phrase in self._phrases.items():
            if phrase.search(plain):
                return kind
        return None


def help_texts() -> Help:
    """Return what we show; a host may show its own, which knows its country's numbers."""
    return Help(_document()["help"])


def _shipped() -> Mapping[Kind, re.Pattern[str]]:
    phrases = _document()["phrases"]
    unknown = set(phrases) - set(Kind)
    if unknown:
        raise ConfigError(
            f"crisis.toml: no kind is named {', '.join(sorted(unknown))}: give {', '.join(Kind)}"
        )
    return MappingProxyType({kind: re.compile("|".join(phrases[kind])) for kind in Kind})


@lru_cache(maxsize=1)
def _document() -> Mapping[str, Mapping[str, Mapping[str, str]]]:
    text = files(__package__).joinpath("crisis.toml").read_text(encoding="utf-8")
    return MappingProxyType(tomllib.loads(text))
