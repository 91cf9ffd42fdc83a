"""Overhead: tokens that go into form: tags of XML, and white space."""

import re
from collections import Counter

import msgspec

from homeostat.prompts.tokens.tokenizer import Tokenizer

TAG = re.compile(r"</?[A-Za-z_][\w.:-]{0,99}(?:\s[^<>\n]{0,500})?/?>")
INDENTATION = re.compile(r"\n([ \t]+)")
TRAILING = re.compile(r"(?<=\S)([ \t]+)\r?\n")
BLANK_LINES = re.compile(r"\n(?:[ \t]*\r?\n){2,}")


class Overhead(msgspec.Struct, frozen=True):
    """Tokens of form. Each piece is counted by itself, so sums are off by some percent at the seams."""

    xml_tags: int
    indentation: int
    blank_lines: int


class OverheadCounter:
    """Counts the form of texts; pieces that come again are counted once."""

    def __init__(self, tokenizer: Tokenizer) -> None:
        self._tokenizer = tokenizer
        self._known: dict[str, int] = {}

    def count(self, text: str) -> Overhead:
        """Return the tokens of a text's tags, of the white space at both ends of lines, and of blank lines.

        Of two or more blank lines in a row one is no overhead.
        """
        tags = Counter(TAG.findall(text))
        indents = Counter(INDENTATION.findall(text))
        if (
            " \n" in text or "\t\n" in text or "\r" in text
        ):  # the expression is slow where there is nothing to find
            indents += Counter(TRAILING.findall(text))
        blanks = Counter(BLANK_LINES.findall(text))
        return Overhead(
            sum(n * self._of(tag) for tag, n in tags.items()),
            sum(n * self._of(indent) for indent, n in indents.items()),
            sum(n * max(self._of(blank) - 1, 0) for blank, n in blanks.items()),
        )

    def _of(self, piece: str) -> int:
        if piece not in self._known:
            self._known[piece] = self._tokenizer.count(piece)
        return self._known[piece]
