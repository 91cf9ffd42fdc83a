"""Lines: a text as lines with their places and indentation, and what the signs at their beginning say."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

HEADING = re.compile(r"(#{1,6})(?:[ \t]+|$)")
UNDERLINE = re.compile(r"(?:=+|-{2,})$")
ITEM = re.compile(r"(?:[-*+•]|(?P<number>\d{1,9})[.)])(?:[ \t]+|$)")
TABLE_RULE = re.compile(r"\|?[ \t]*:?-+:?[ \t]*(?:\|[ \t]*:?-+:?[ \t]*)*\|?$")
FENCE = re.compile(r"(?:`{3,}|~{3,})")
ORNAMENT = re.compile(r"[\W_]+$")
TAB_SIZE = 4

NEXT_CONTINUES = re.compile(r"[a-zà-ÿ(,;]")
BROKEN_OFF = re.compile(
    r"(?:[,(–—]|\b(?:a|an|and|as|at|before|by|for|from|if|in|into|is|no|not|of|on|or|than|that|the|then|to|when"
    r"|which|with|without|must|never|always|shall|be|are))$",
    re.IGNORECASE,
)
"""What no sentence ends with: the next line goes on with it, whatever letter it begins with."""

ABBREVIATION = re.compile(
    r"(?:\b(?:e\.g|i\.e|etc|vs|cf|approx|no|fig|st|dr|mr|ms)|^\s*(?:[-*+>]\s+)?\d{1,9})\.$", re.IGNORECASE
)
SENTENCE_BREAK = re.compile(r"(?<=[.!?])[ \t\r\n]+(?=[^\Wa-z_]|[\"'(\[`*_])")


@dataclass(frozen=True, slots=True)
class Line:
    """One line: where it starts and ends without its line end, its text without white space around it."""

    start: int
    end: int
    indent: int
    text: str


def lines(text: str, start: int) -> Iterator[Line]:
    """Return the lines of a text from a place on; one of `\\r\\n` ends before the `\\r`."""
    while start < len(text):
        found = text.find("\n", start)
        end = len(text) if found < 0 else found
        whole = text[start:end].expandtabs(TAB_SIZE)
        stripped = whole.strip()
        indent = len(whole) - len(whole.lstrip()) if stripped else 0
        yield Line(start, start + len(text[start:end].rstrip()), indent, stripped)
        start = end + 1


def continues(before: str, text: str, *, stopped: bool) -> bool:
    """Return whether a line goes on with the sentence of the one before it.

    Lines of prose are broken anywhere, lines within elements are often a sentence each, without a full
    stop. So it goes on where the paragraph is `stopped` by a sign that ends sentences and the line before
    is not; where it begins with a small letter; and behind a word that ends no sentence.

    >>> continues("Calls to", "GitHub are slow.", stopped=True)
    True
    >>> continues("You must never call the", "GitHub API from here", stopped=False)
    True
    >>> continues("Edge cases are covered", "All criteria are tested", stopped=False)
    False
    """
    if before[-1:] in {".", "!", "?", ":", ";", "|", ">"}:
        return False
    return stopped or NEXT_CONTINUES.match(text) is not None or BROKEN_OFF.search(before) is not None


def plain_line(text: str) -> bool:
    """Return whether a line without white space around it is nothing but words: no item, head or fence."""
    if not text or text[0] in "|<" or ITEM.match(text) or HEADING.match(text):
        return False
    return not (FENCE.match(text) or ORNAMENT.match(text))


def sentences(text: str) -> Iterator[tuple[int, int]]:
    """Return where the sentences of a paragraph begin and end.

    >>> text = "Use tools, e.g. Bash. Never guess! 1. Read."
    >>> [text[a:b] for a, b in sentences(text)]
    ['Use tools, e.g. Bash.', 'Never guess!', '1. Read.']
    """
    start = 0
    for found in SENTENCE_BREAK.finditer(text):
        if ABBREVIATION.search(text[max(start, found.start() - 12) : found.start()]) is None:
            yield start, found.start()
            start = found.end()
    if start < len(text):
        yield start, len(text)
