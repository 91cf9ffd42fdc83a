"""Fences: the blocks of code of a Markdown file, as CommonMark reads them."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from xml.parsers import expat

OPENING = re.compile(r"^ {0,3}(?P<fence>`{3,}(?=[^`\n]*$)|~{3,})[ \t]*(?P<language>[^\s`]*)", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Fence:
    """One fenced block: `start` and `end` bound its content in the file's text, `line` is its first line."""

    language: str
    start: int
    end: int
    line: int


def fences(text: str) -> Iterator[Fence]:
    """Return the fenced blocks of a text; one that nothing closes goes to the end."""
    position = line = 0
    while (opening := OPENING.search(text, position)) is not None:
        start = text.find("\n", opening.end()) + 1
        if start == 0:
            return
        line += text.count("\n", position, start)
        mark = opening["fence"]
        closing = re.compile(rf"^ {{0,3}}{mark[0]}{{{len(mark)},}}[ \t]*\r?$", re.MULTILINE)
        found = closing.search(text, start)
        end = len(text) if found is None else found.start()
        yield Fence(opening["language"].lower(), start, end, line + 1)
        position = end if found is None else found.end()
        line += text.count("\n", start, position)


def xml_fault(content: str) -> tuple[int, str] | None:
    """Return the line (from 1) and the reason where a fragment of XML is malformed; None where it is well.

    A fragment may have several roots and texts between them. A declaration of a document type is taken
    for a fault: entities that it would define are never expanded.

    >>> xml_fault("<a><b>x</b></a>")
    >>> xml_fault("<a>\\n<b></a>")
    (2, 'mismatched tag')
    """
    parser = expat.ParserCreate()
    try:
        parser.Parse("<fragment>", False)
        parser.Parse(content.encode("utf-8", "replace"), False)
        parser.Parse("</fragment>", True)
    except expat.ExpatError as error:
        return error.lineno, expat.errors.messages[error.code]
    return None
