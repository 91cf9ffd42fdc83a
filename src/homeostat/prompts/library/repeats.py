"""Repeats: passages that are told by their beginning and the place where they stand.

    (as above: "Run the tests before")           the passage that begins so, earlier in the same module
    (as in rules/tests.md: "Run the tests")      the one in another module

A passage is meant as a whole, from one blank line or block of code to the next.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

from homeostat.prompts.library.fences import fences
from homeostat.prompts.library.front_matter import read_front_matter
from homeostat.prompts.library.library import Library
from homeostat.prompts.library.module import Module

REPEAT = re.compile(
    r'^\((?:as above|as in (?P<path>[^\s:"]{1,300})): "(?P<begin>[^"\n]{1,300})"\)(?=\r?$)', re.MULTILINE
)


WORD = re.compile(r"\w+")
WORDS_MIN = 4
LENGTH_MAX = 300
PASSAGE = re.compile(r"^[^\n]*\S[^\n]*(?:\n[^\n]*\S[^\n]*)*", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Stretch:
    """Lines of a text between blank ones and outside of blocks of code: `start` and `end` bound them."""

    start: int
    end: int
    text: str


def stretches(text: str) -> Iterator[Stretch]:
    """Return the passages of a text that are not in its settings or in blocks of code."""
    bounds = [(text.rfind("\n", 0, f.start - 1) + 1, _closed(text, f.end)) for f in fences(text)]
    at = read_front_matter(text).end
    for start, end in [*bounds, (len(text), len(text))]:
        for found in PASSAGE.finditer(text, at, max(at, start)):
            yield Stretch(found.start(), found.end(), found[0])
        at = max(at, end)


def repeat_of(path: str | None, begin: str) -> str:
    """Return the line that stands for a passage of this module (None) or of another one."""
    return f'(as above: "{begin}")' if path is None else f'(as in {path}: "{begin}")'


def beginning(text: str, others: Iterable[str]) -> str | None:
    """Return the first words of a passage by which it is told from others; None where there are none.

    Words are runs of letters, digits and underscores; markup and white space do not count.

    >>> beginning("| **Run** all the tests, then stop |", ["Run all the linters"])
    'Run all the tests'
    """
    words = _words(text).split(" ")
    spelled = [_words(o) + " " for o in others]
    for count in range(min(WORDS_MIN, len(words)), len(words) + 1):
        begin = " ".join(words[:count])
        if len(begin) > LENGTH_MAX or not begin:
            return None
        if not any(s.startswith(begin + " ") for s in spelled):
            return begin
    return None


def unfolded(library: Library) -> Library:
    """Return a library with the passages in the places where they are only told."""
    modules = {path: unfold(module, library.modules) for path, module in library.modules.items()}
    return replace(library, modules=modules)


def unfold(module: Module, modules: Mapping[str, Module]) -> Module:
    """Return a module with the passages that it tells of; what leads to no single passage stays as it is."""
    if "(as " not in module.text:
        return module

    fitting: dict[tuple[str | None, str], dict[str, int]] = {}

    def passage(found: re.Match[str]) -> str:
        key = found["path"], found["begin"]
        if key not in fitting:
            fitting[key] = _fitting(module if key[0] is None else modules.get(key[0]), key[1])
        until = found.start() if key[0] is None else None
        texts = [text for text, end in fitting[key].items() if until is None or end <= until]
        return texts[0].rstrip("\r") if len(texts) == 1 else found[0]

    return replace(module, text=REPEAT.sub(passage, module.text))


def _fitting(source: Module | None, begin: str) -> dict[str, int]:
    """Return the passages of a module that begin so, each with where it first ends."""
    found: dict[str, int] = {}
    for stretch in stretches(source.text) if source is not None else ():
        if stretch.text not in found and (_words(stretch.text) + " ").startswith(begin + " "):
            found[stretch.text] = stretch.end
    return found


def _words(text: str) -> str:
    return " ".join(WORD.findall(text))


def _closed(text: str, end: int) -> int:
    """Return where the line ends that closes a block of code."""
    return text.find("\n", end) + 1 or len(text)
