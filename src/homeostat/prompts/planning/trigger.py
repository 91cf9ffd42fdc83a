"""The trigger: what must be the case for a module to be loaded on demand."""

import re
from collections.abc import Iterable
from typing import Literal

import msgspec

from homeostat.prompts.graph.graph import Edge

TriggerKind = Literal["route", "condition", "command", "words", "usage"]

CONDITION = re.compile(r"""\b(?:condition|when|if|trigger|on)\s*=\s*["']([^"'\n]+)["']""", re.IGNORECASE)
COMMAND = re.compile(r"""\b(?:name|command|cmd)\s*=\s*["'](/[\w:-]+)["']""")
CLAUSE = re.compile(r"\b(?:only )?(?:if|when|whenever|unless|in case)\b[^.;|]{3,}", re.IGNORECASE)
TAG = re.compile(r"<(/?)([A-Za-z_][\w.:-]*)(?:\s[^<>\n]{0,500})?(/?)>")
MARKS = re.compile(r"^[\s>#*+•→|-]+|[*`]{1,3}|[─━═]{2,}")

LOOK_BACK_MAX = 64 * 1024
WORDS_MAX = 160


class Trigger(msgspec.Struct, frozen=True):
    """What must be the case, as the library's own words say it, and where they stand (line from 1).

    A `route` is one of several ways, of which a run takes one, by its name; a `condition` is written as such;
    a `command` is the one that brings it; `words` are those around the reference. `usage` stands for modules
    that were read without being named.
    """

    kind: TriggerKind
    when: str
    source: str
    line: int

    def __str__(self) -> str:
        return f"{self.kind}: {self.when}" if self.when else self.kind


def triggers(text: str, edges: Iterable[Edge]) -> list[Trigger]:
    """Return what brings the references of one module about, given its text; the same words count once."""
    lines = text.split("\n")
    found: dict[tuple[str, str], Trigger] = {}
    for edge in edges:
        kind, when = _when(lines, edge)
        found.setdefault((kind, when), Trigger(kind, when, edge.source, edge.line))
    return list(found.values())


def _when(lines: list[str], edge: Edge) -> tuple[TriggerKind, str]:
    line = lines[edge.line - 1]
    if edge.one_of:
        return "route", _enclosing("\n".join(lines[: edge.line - 1])) or _words(line)
    if (command := COMMAND.search(line)) is not None:
        return "command", command[1]
    if (condition := CONDITION.search(line)) is not None:
        return "condition", condition[1]
    words = _words(line)
    if words.strip("@./") == edge.written.strip("@./"):  # the path alone: its element says what it is for
        element = TAG.search(line)
        return "words", element[2] if element is not None else words
    if (clause := CLAUSE.search(words)) is not None:
        return "condition", clause[0].strip()
    return "words", words


def _enclosing(before: str) -> str:
    """Return the name of the element that is open at the end of a text, empty where none is."""
    stack: list[str] = []
    for closing, name, single in TAG.findall(before[-LOOK_BACK_MAX:]):
        if closing:
            if name in stack:
                del stack[len(stack) - 1 - stack[::-1].index(name) :]
        elif not single:
            stack.append(name)
    return stack[-1] if stack else ""


def _words(line: str) -> str:
    words = " ".join(MARKS.sub(" ", TAG.sub(" ", line)).split())
    return words if len(words) <= WORDS_MAX else words[: WORDS_MAX - 1] + "…"
