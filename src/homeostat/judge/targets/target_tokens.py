"""The tokens of the target language, each with its position, and errors that point at one of them."""

import re
from dataclasses import dataclass

from homeostat.core.errors import ConfigError

TEXT_MAX = 1_000

_TOKEN = re.compile(
    r"(?P<number>[+-]?[0-9]+(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?)"
    r"|(?P<word>[^\W\d][\w.:\-]*)"
    r'|(?P<text>"(?:[^"\\]|\\["\\])*")'
    r"|(?P<sign><=|>=|[<>()=,%*/])"
)
WORD = re.compile(r"[^\W\d][\w.:\-]*")


@dataclass(frozen=True, slots=True)
class Token:
    """A piece of the text. `sort` is number, word, text, sign or end; `at` is where it begins, from 0."""

    sort: str
    text: str
    at: int


def mistake(text: str, at: int, what: str, remedy: str) -> ConfigError:
    """Return the error for a place in a text."""
    found = next((m[0] for m in (_TOKEN.match(text, at),) if m), text[at : at + 1])
    where = f"at position {at + 1} ({found!r})" if found else "at its end"
    return ConfigError(f"the target {text[:TEXT_MAX]!r} cannot be understood {where}: {what}; {remedy}")


def tokens(text: str) -> list[Token]:
    """Return the tokens of a text and one for its end, or raise ConfigError."""
    if len(text) > TEXT_MAX:
        raise ConfigError(
            f"the target that begins {text[:40]!r} has {len(text)} characters; write at most {TEXT_MAX}"
        )
    found: list[Token] = []
    at = 0
    while at < len(text):
        if text[at].isspace():
            at += 1
            continue
        match = _TOKEN.match(text, at)
        if match is None:
            raise mistake(
                text, at, "this character has no meaning here", "put values with odd characters into quotes"
            )
        found.append(Token(match.lastgroup or "", match[0], at))
        at = match.end()
    found.append(Token("end", "", len(text)))
    return found


def quoted(value: str) -> str:
    """Return a value in quotes, as the language reads it back."""
    escaped = value.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def unquoted(token: str) -> str:
    """Return what stands within quotes."""
    return re.sub(r"\\(.)", r"\1", token[1:-1], flags=re.DOTALL)
