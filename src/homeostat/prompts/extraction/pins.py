"""Pins: the units of a module that may not go, and why."""

import re
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from typing import Literal

from homeostat.prompts.extraction.tags import TAG
from homeostat.prompts.extraction.unit import Structure, UnitKind
from homeostat.prompts.library.placeholders import PLACEHOLDER
from homeostat.prompts.proof.evidence import CONSTRAINT, NUMBER, SENTENCE_END, joined, plain

Reason = Literal[
    "front matter",
    "title",
    "code",
    "placeholder",
    "reference",
    "constraint",
    "under a constraint",
    "number",
    "open tag",
]

BINDING_NAME = re.compile(
    r"\b(?:constraints?|prohibitions?|restrictions?|guardrails?|(?:hard|golden|core|critical) rules)\b",
    re.IGNORECASE,
)
"""What is said of a heading or an element whose sentences bind, whatever words they use."""

NAME_BREAK = re.compile(r"[_.:-]")
UNLED: frozenset[UnitKind] = frozenset({"heading", "fence", "open", "head", "close", "ruler"})
"""What has a context of its own: a constraint above it does not bind what stands in it."""

OPEN_TAG = re.compile(r"</?[A-Za-z_][\w.:-]*\s[^<>]*(?=[<>])")
"""A tag that goes on over the end of its line, or that nothing closes: what stands up to the next sign is a
part of it or not by what follows, so nothing of that may go."""

TEMPLATE = re.compile(r"\{\{[^{}]{0,2000}\}\}|\{%[^%]{0,2000}%\}|\{#[^#]{0,2000}#\}")
"""What a template engine reads, its statements too: without its end an `{{#if}}` is an error."""

ADDRESS = re.compile(r"\bhttps?://[^\s)>\]]+")
INLINE_CODE = re.compile(r"(`+)[^`\n]+\1")
ORDINAL = re.compile(
    r"^\s*(?:[-*+>|#]+\s*)*(?:\*\*)?(?:\d{1,3}[.)])+(?=\s)"
    r"|\b(?:order|step|index|number|id|sequence|position|phase|stage|part)\s*[=:]?\s*[\"']?\d{1,3}\b(?![.,]\d|%)",
    re.IGNORECASE,
)
"""Numbers that only count things up: steps, phases, items."""


def pins(structure: Structure, references: Iterable[int]) -> dict[int, Reason]:
    """Return the units that may not go, each with the first reason that holds.

    `references` are the places in the text where other modules are named. A constraint pins its whole
    sentence, over the ends of lines, and what it leads: the items under "NEVER:", the rows of a table, the
    sentences under a heading, down to the next heading or element. Numbers that only count up do not pin.
    """
    starts = [unit.start for unit in structure.units]
    named: dict[int, Reason] = {bisect_right(starts, start) - 1: "reference" for start in references}
    for pattern in (PLACEHOLDER, TEMPLATE):
        for gap in pattern.finditer(structure.text):
            named |= dict.fromkeys(_units(starts, gap.start(), gap.end()), "placeholder")
    torn = _torn(structure.text, starts)
    found: dict[int, Reason] = {}
    titled = False
    for index, unit in enumerate(structure.units):
        reason: Reason | None
        if unit.kind == "front matter" or unit.kind == "code":
            reason = unit.kind
        elif unit.kind == "heading" and not titled:
            titled, reason = True, "title"
        elif index in torn or _half(structure, index):
            reason = "open tag"
        else:
            reason = _reason(structure.words(index)) or named.get(index)
        if reason is None and _led(structure, found, index):
            reason = "under a constraint"
        if reason is not None:
            found[index] = reason
    return found


def _torn(text: str, starts: Sequence[int]) -> set[int]:
    """Return the units between the beginning of an open tag and the next sign of one."""
    found: set[int] = set()
    for tag in OPEN_TAG.finditer(text):
        if "\n" in tag[0]:
            found.update(_units(starts, tag.start(), tag.end() + 1))
    return found


def _units(starts: Sequence[int], first: int, end: int) -> range:
    """Return the units that a stretch of the text touches."""
    return range(max(bisect_right(starts, first) - 1, 0), bisect_right(starts, end - 1))


def _half(structure: Structure, index: int) -> bool:
    """Return whether a unit is nothing but a tag whose other half was not found."""
    if structure.units[index].kind != "sentence":
        return False
    tag = TAG.fullmatch(structure.words(index).strip())
    return tag is not None and not tag["empty"]


def numbers(words: str) -> Iterator[str]:
    """Return the numbers of a unit with their units, as they are verified."""
    for sentence in SENTENCE_END.split(plain(words)):
        for number in NUMBER.findall(sentence):
            yield joined(number)


def _reason(words: str) -> Reason | None:
    if _binds(words):
        return "constraint"
    if any(c.isdigit() for c in words) and any(numbers(ORDINAL.sub(" ", words))):
        return "number"
    if INLINE_CODE.search(words):
        return "code"
    return "reference" if ADDRESS.search(words) else None


def _binds(words: str) -> bool:
    """Return whether a unit says that something must be, in its words or in the names of its elements."""
    if CONSTRAINT.search(plain(words)):
        return True
    return any(CONSTRAINT.search(NAME_BREAK.sub(" ", tag["name"])) for tag in TAG.finditer(words))


def _led(structure: Structure, found: dict[int, Reason], index: int) -> bool:
    """Return whether what gives a unit its context binds: a constraint, or a name that says so."""
    unit = structure.units[index]
    if unit.parent < 0 or unit.kind in UNLED:
        return False
    reason = found.get(unit.parent)
    if reason in {"constraint", "under a constraint"}:
        return True
    words = structure.words(unit.parent)
    if structure.units[unit.parent].frame and BINDING_NAME.search(NAME_BREAK.sub(" ", words)):
        return True
    return reason is not None and _binds(words)
