"""Evidence: what a prompt may not lose: constraints, numbers, placeholders and code, with their places."""

import html
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal, get_args

from homeostat.prompts.library.expansion import expanded
from homeostat.prompts.library.fences import fences
from homeostat.prompts.library.module import Module
from homeostat.prompts.library.placeholders import PLACEHOLDER

EvidenceKind = Literal["constraint", "number", "placeholder", "code"]
EVIDENCE: tuple[EvidenceKind, ...] = get_args(EvidenceKind)

CONSTRAINT = re.compile(
    r"\b(?:must|never|always|shall|cannot|can't|do(?:es)? not|don't|doesn't|may not|should not|shouldn't"
    r"|will not|won't|required?s?|mandatory|forbidden|prohibited|disallowed|not allowed|not permitted"
    r"|only (?:if|when|after)"
    r"|unless|under no circumstances?|at all times|no exceptions?|without exception|refuse|avoid|ensure)\b",
    re.IGNORECASE,
)
NUMBER = re.compile(r"(?<![\w.])[<>≤≥~±]?[$€£]?\d[\d,]*(?:[.:/\-]\d+)*(?:[%+x]|\s?[A-Za-zµ°]+\b)?")
TAG = re.compile(r"""</?[A-Za-z_][\w.:-]*((?:\s(?>"[^"<\n]*"|'[^'<\n]*'|[^<>])*+)?)/?>""")
ATTRIBUTE = re.compile(r"""=\s*(?:"([^"]*)"|'([^']*)')""")
MARKS = re.compile(r"^[ \t>#*+\-|•]+|[*_`]{1,3}|~{3,}|[─━═]{2,}", re.MULTILINE)
SENTENCE_END = re.compile(r"(?<=[.!?;])\s+|\n")
SEAM = "\0"
"""Stands at both ends of a tag, so that the unit of a number is not looked for behind it."""

MARKUP_LANGUAGES = frozenset({"xml", "markdown", "md"})
"""Blocks in these hold prompts, not code."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """Something that must still be there: its text as compared, and where it stands (line from 1)."""

    kind: EvidenceKind
    text: str
    path: str
    line: int


def plain(text: str) -> str:
    """Return a text without markup, so that the same words in another form compare as equal.

    Tags of XML give way to the values of their attributes; emphasis, bullets, rulers and the frames of
    tables go. Line ends stay, blanks become single.

    >>> plain('<rule level="high">**NEVER** skip</rule>')
    'high NEVER skip'
    """
    text = TAG.sub(lambda m: f" {_values(m[1])} ", text)
    text = MARKS.sub(" ", html.unescape(text)).replace("|", " | ")
    return "\n".join(" ".join(line.split()).strip("| ") for line in text.split("\n"))


def joined(text: str) -> str:
    """Return a plain text on one line: what evidence is looked for in."""
    return " ".join(text.split())


def evidence(module: Module) -> Iterator[Evidence]:
    """Return all evidence of a module, in the order of kinds; compact forms are read back first."""
    text = expanded(module.text)
    stripped = plain(TAG.sub(lambda m: SEAM + m[0] + SEAM, text))
    exact = stripped.count("\n") == text.count("\n")
    position = line = 0
    for piece in SENTENCE_END.split(stripped):
        found = stripped.find(piece, position)
        line += stripped.count("\n", position, found)
        position = found
        at = line + 1 if exact else 0
        sentence = joined(piece.replace(SEAM, " "))
        if CONSTRAINT.search(sentence):
            yield Evidence("constraint", sentence, module.path, at)
        for number in NUMBER.findall(piece):
            yield Evidence("number", joined(number), module.path, at)
    for match in PLACEHOLDER.finditer(text):
        yield Evidence("placeholder", match[0], module.path, text.count("\n", 0, match.start()) + 1)
    for fence in fences(text):
        if fence.language not in MARKUP_LANGUAGES:
            code = joined(text[fence.start : fence.end])
            if code:
                yield Evidence("code", code, module.path, fence.line)


def _values(attributes: str) -> str:
    return " ".join(a or b for a, b in ATTRIBUTE.findall(attributes))
