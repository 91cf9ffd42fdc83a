"""The sentence as the guard's parts see it, and what each of them does with it."""

from collections.abc import Sequence
from typing import Protocol

import msgspec
import numpy as np
from numpy.typing import NDArray

from homeostat.evaluate.safety.folding import Folding, Line, Place, readable
from homeostat.evaluate.safety.verdict import Finding

NO_WORDS = "  "
"""The line of a text without words."""


class Sentence(msgspec.Struct, frozen=True):
    """A sentence with its plain form and its lines of words, and the first line of the one before it.

    `before` is the text of that one. Places are counted from the start of `text`. `vector` is of length one,
    None without an embedder.
    """

    text: str
    plain: str
    lines: tuple[Line, ...]
    folding: Folding
    before: str = ""
    line_before: str = NO_WORDS
    vector: NDArray[np.float32] | None = None

    def places(self, line: Line) -> tuple[Place, ...]:
        """Return where each word of one of its lines stood."""
        return self.folding.places(self.text, self.plain, line)


def sentence(text: str, folding: Folding, before: Sentence | None = None) -> Sentence:
    """Return a text as the parts see it."""
    plain = folding.plain(text)
    lines = tuple(folding.lines(plain))
    if before is None:
        return Sentence(text, plain, lines, folding)
    return Sentence(text, plain, lines, folding, before.text, before.lines[0].text)


def meant(one: Sentence, refers: bool = False) -> str:
    """Return what is embedded of a sentence: legible, with the one before it where it refers to that."""
    legible = one.text if len(one.lines) == 1 else readable(one.plain)
    if refers:
        legible = f"{one.before.strip()} {legible.strip()}"
    return legible.encode("utf-8", "replace").decode("utf-8")


class Checker(Protocol):
    """Looks for one kind of harm. It computes, keeps nothing between sentences, and is safe for threads."""

    def look(self, sentences: Sequence[Sentence]) -> Sequence[Sequence[Finding]]:
        """Return what is found in each sentence, whatever the text."""
        ...
