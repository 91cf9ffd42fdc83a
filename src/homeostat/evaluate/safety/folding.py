"""Folding: texts as lines of plain words, whatever was done to hide them, and where each word stood.

A line begins and ends with a space and has one between words, so that a pattern that begins and ends with a
space matches whole words only.
"""

import re
import unicodedata
from collections.abc import Iterator

import msgspec

Place = tuple[int, int]

_WORD = re.compile(r"[^\W_]+(?:'[^\W_]+)*")
_RUN = re.compile(r"([^\W\d_])\1\1+")
_SPACED = r"(?<![^\W_])[^\W_](?:[\W_]{1,2}[^\W_](?![^\W_])){2,}"
_SIGNED = re.compile(r"[@$*|+0-9\x00-\x08\x0e-\x1f\x7f]|![a-z]")
_BESIDE = re.compile(r"[@$!*|+0-9][a-z]|[a-z][@$*|+0-9]|[\x00-\x08\x0e-\x1f\x7f]")
_LONG = re.compile(r"([a-z])\1\1")
_SINGLE = re.compile(r"[ '][^\W_][ '][^\W_][ '][^\W_][ ']")
_TOKEN = re.compile(_SPACED + r"|[@$]?[^\W_](?:[@$!*|+'\x00-\x08\x0e-\x1f\x7f]*[^\W_])*[*$]*")
_SPACED_RUN = re.compile(_SPACED)
_WITHIN = re.compile(r"[a-z][@$!|+0-9*]+[a-z]")
_SIGN = frozenset("@$!*|+")
_NOISE = re.compile(r"[\W_]+")
_SIGNS = {ord(sign): letter for sign, letter in zip("@$!|+03456789", "asiitoeasgtbg", strict=True)}
_TABLES = tuple(str.maketrans({**_SIGNS, ord("1"): one}) for one in "il")
_CACHED_MAX = 20_000

_LOOKALIKES: dict[str, str] = dict(
    zip(
        "аеорсухіѕјһкмтԁԛԝɡɑεορνικτυхαβғłøđıßæœ’‘ʼ＇`",
        [
            *"aeopcyxisjhkmtdqwga",
            *"eopviktu",
            "x",
            "a",
            "b",
            "f",
            "l",
            "o",
            "d",
            "i",
            "ss",
            "ae",
            "oe",
            *"'''''",
        ],
        strict=True,
    )
)
"""Letters that look like Latin ones, or that Unicode does not take apart."""


class _Letters(dict[int, str]):
    """Code points and what they fold to: nothing for marks and for what cannot be seen."""

    def __missing__(self, code: int) -> str:
        folded = _letter(chr(code))
        if len(self) < _CACHED_MAX:
            self[code] = folded
        return folded


def _letter(sign: str) -> str:
    known = _LOOKALIKES.get(sign.lower())
    if known is not None:
        return known
    kind = unicodedata.category(sign)
    if kind in ("Cs", "Co", "Cn"):
        return ""
    parts = unicodedata.normalize("NFKD", sign.lower())
    kept = "".join(part for part in parts if unicodedata.category(part) not in ("Mn", "Me", "Cf"))
    if len(kept) == 1 and kept == sign and kind == "So":
        name = unicodedata.name(sign, "")
        if name.rpartition(" ")[0].endswith((" LETTER", " CAPITAL LETTER")) and len(name.split()[-1]) == 1:
            return name[-1].lower()
    return "".join(_LOOKALIKES.get(part, part) for part in kept.lower())


class Line(msgspec.Struct, frozen=True):
    """Plain words between spaces. `places` says where each stood, None where that is still to be found."""

    text: str
    places: tuple[Place, ...] | None = None


class Folding:
    """Folds texts into lines. What it remembers of letters is bounded; it is safe for threads."""

    def __init__(self) -> None:
        self._letters = _Letters()

    def plain(self, text: str) -> str:
        """Return a text in small letters without marks; code points may fall out or become more."""
        return text.lower() if text.isascii() else text.translate(self._letters)

    def lines(self, plain: str) -> Iterator[Line]:
        """Give the line of a plain text, and where something may be hidden, lines that show it."""
        first = f" {' '.join(_WORD.findall(plain))} "
        yield Line(first)
        if not _hides(plain, first):
            return
        tokens, places = unmasked(plain)
        seen = {first}
        for table in _TABLES:
            for run in (r"\1", r"\1\1"):
                words = [_squeezed(token.translate(table), run) for token in tokens]
                line = f" {' '.join(words)} "
                if line not in seen:
                    seen.add(line)
                    yield Line(line, places)

    def places(self, text: str, plain: str, line: Line) -> tuple[Place, ...]:
        """Return where in the text each word of a line of its plain form stood."""
        places = line.places
        if places is None:
            places = tuple(match.span() for match in _WORD.finditer(plain))
        if text.isascii():
            return places
        origin = [at for at, sign in enumerate(text) for _ in self._letters[ord(sign)]]
        return tuple((origin[start], origin[end - 1] + 1) for start, end in places)


def _hides(plain: str, line: str) -> bool:
    """Whether something may be hidden in a plain text, given its line: signs, long runs, spaced letters.

    What is seldom there is told by one sign first: in turn this takes half of what one expression does.
    """
    return (
        (_SIGNED.search(plain) is not None and _BESIDE.search(plain) is not None)
        or _LONG.search(plain) is not None
        or (_SINGLE.search(line) is not None and _SPACED_RUN.search(plain) is not None)
    )


def unmasked(plain: str) -> tuple[list[str], tuple[Place, ...]]:
    """Return the words of a plain text with spaced ones joined and noise taken out, and their places."""
    tokens, places = [], []
    for match in _TOKEN.finditer(plain):
        token, (start, end) = match[0], match.span()
        spaced = len(token) > 2 and not token[1].isalnum() and _SPACED_RUN.fullmatch(token) is not None
        if spaced and token[:2] in ("a ", "i ") and len(token) > 8:
            tokens.append(token[0])
            places.append((start, start + 1))
            token, start = token[2:], start + 2
        if spaced or not any(sign in _SIGN for sign in token):
            token = token if "'" in token else _NOISE.sub("", token)
        if not token.isdecimal():
            tokens.append(token)
            places.append((start, end))
    return tokens, tuple(places)


def readable(plain: str) -> str:
    """Return a plain text with the words that were disguised put right; figures that stand alone stay."""
    parts, at = [], 0
    for token, (start, end) in zip(*unmasked(plain), strict=True):
        was = plain[start:end]
        if token != was or _WITHIN.search(was) is not None or _RUN.search(token) is not None:
            word = _squeezed(token.translate(_TABLES[0]), r"\1")
            parts += [plain[at:start], word]
            at = end
    return "".join([*parts, plain[at:]])


def _squeezed(word: str, run: str) -> str:
    """Return a word with each run of a letter made one or two."""
    return word if _RUN.search(word) is None else _RUN.sub(run, word)
