"""The structure: a module as units, each with what gives it its context. Linear in the text."""

import re
from dataclasses import dataclass
from typing import NamedTuple

from homeostat.prompts.extraction.lines import (
    FENCE,
    HEADING,
    ITEM,
    ORNAMENT,
    TABLE_RULE,
    UNDERLINE,
    continues,
    lines,
    plain_line,
    sentences,
)
from homeostat.prompts.extraction.tags import TAG, elements
from homeostat.prompts.extraction.unit import Structure, Unit, UnitKind
from homeostat.prompts.library.fences import fences
from homeostat.prompts.library.front_matter import read_front_matter
from homeostat.prompts.proof.evidence import MARKUP_LANGUAGES

EMPHASIS = "*_` "


def structure_of(text: str) -> Structure:
    """Return the structure of a module's text.

    Front matter is one unit, a block of code one; blocks of XML and Markdown are read through, for they
    hold prompts. A sentence of prose is a unit, so are an item of a list, a row of a table, a line within
    an element, and a stretch of elements whose tags cannot be told apart. The steps of a numbered list are
    one group.
    """
    body = read_front_matter(text).end
    return _Reader(text, body).read()


class _Span(NamedTuple):
    """A unit before the gaps are known."""

    kind: UnitKind
    start: int
    end: int
    parent: int
    group: int
    frame: bool


@dataclass(slots=True)
class _Frame:
    """What is open while lines are read: a unit, and how it ends.

    `level` is a heading's, `indent` an indented block's; elements and blocks have neither. `adopts` says
    whether a list, table or block at the same indentation belongs to it still.
    """

    unit: int
    level: int = 0
    indent: int = -1
    adopts: bool = False


class _Reader:
    def __init__(self, text: str, body: int) -> None:
        self._text = text
        self._body = body
        self._lines = list(lines(text, body))
        self._spans: list[_Span] = []
        self._stack: list[_Frame] = []
        self._stopped = self._stops()
        self._code, self._marks = self._blocks()
        self._closing, self._tangles = self._matched()
        self._closers: dict[int, _Frame] = {}
        self._boundaries = (self._code, self._marks, self._closing, self._tangles, self._closers)
        self._groups = 0
        self._last_group: dict[int, int] = {}

    def read(self) -> Structure:
        """Read all lines and return what they are."""
        if self._body:
            self._add("front matter", 0, len(self._text[: self._body].rstrip()))
        at = 0
        while at < len(self._lines):
            if at in self._code:
                at = self._block("code", at, self._code[at])
            elif not self._lines[at].text:
                at += 1
            elif at in self._tangles:
                at = self._block("sentence", at, self._tangles[at])
            else:
                at = self._line(at)
        return self._finished()

    def _blocks(self) -> tuple[dict[int, int], dict[int, int]]:
        """Return the blocks of code by their first and last lines, and those that hold prompts."""
        numbers = {line.start: n for n, line in enumerate(self._lines)}
        code: dict[int, int] = {}
        marks: dict[int, int] = {}
        for fence in fences(self._text):
            if fence.end <= self._body:
                continue
            first = numbers.get(self._text.rfind("\n", 0, fence.start - 1) + 1, 0)
            last = numbers.get(fence.end, len(self._lines))
            if fence.language in MARKUP_LANGUAGES and fence.start > self._body:
                marks[first] = last
            else:
                code[first] = min(last, len(self._lines) - 1)
        return code, marks

    def _stops(self) -> list[bool]:
        """Return for each line whether a sign that ends sentences stops the words that it is among."""
        stopped = [False] * len(self._lines)
        words = stop = False
        for at in range(len(self._lines) - 1, -1, -1):
            text = self._lines[at].text
            stop = plain_line(text) and (stop if words else text.rstrip(EMPHASIS)[-1:] in {".", "!", "?"})
            words = plain_line(text)
            stopped[at] = stop
        return stopped

    def _matched(self) -> tuple[dict[int, int], dict[int, int]]:
        """Return the elements of each block that holds prompts and of what is outside, and the tangles."""
        within = [line.text for line in self._lines]
        closing: dict[int, int] = {}
        tangles: dict[int, int] = {}
        for first, last in self._code.items():
            within[first : last + 1] = [""] * (last + 1 - first)
        for first, last in self._marks.items():
            found = elements(within[first + 1 : last])
            closing |= {first + 1 + a: first + 1 + b for a, b in found.closing.items()}
            tangles |= {first + 1 + a: first + 1 + b for a, b in found.tangles}
            within[first : last + 1] = [""] * (last + 1 - first)
        found = elements(within)
        return closing | found.closing, tangles | dict(found.tangles)

    def _add(
        self, kind: UnitKind, start: int, end: int, parent: int = -1, group: int = -1, frame: bool = False
    ) -> int:
        self._spans.append(_Span(kind, start, end, parent, group, frame))
        self._last_group[parent] = group
        return len(self._spans) - 1

    def _block(self, kind: UnitKind, first: int, last: int) -> int:
        """Take several lines as one unit, and return the number of the next line."""
        line = self._lines[first]
        self._leave(line.indent, adopted=True)
        ends = [n.end for n in self._lines[first : last + 1] if n.text]
        if ends:
            self._add(kind, line.start, ends[-1], self._parent())
        return last + 1

    def _parent(self) -> int:
        return self._stack[-1].unit if self._stack else -1

    def _leave(self, indent: int, *, adopted: bool = False, follows: bool = False) -> None:
        """Close the indented blocks that a line at this indentation does not belong to.

        One that adopts keeps a line at its own indentation if that is `adopted`, or `follows` right behind.
        """
        while self._stack and (top := self._stack[-1]).indent >= 0:
            belongs = adopted or (follows and top.unit == len(self._spans) - 1)
            if top.indent < indent or (belongs and top.adopts and top.indent == indent):
                break
            self._stack.pop()

    def _line(self, at: int) -> int:
        """Take what begins on a line, and return the number of the line behind it."""
        line = self._lines[at]
        closed = self._closers.pop(at, None)
        if closed is not None:
            while self._stack.pop() is not closed:
                pass
            self._add("close", line.start, line.end, closed.unit)
            return at + 1
        if at in self._marks:
            self._leave(line.indent, adopted=True)
            unit = self._add("fence", line.start, line.end, self._parent(), frame=True)
            self._open(_Frame(unit), self._marks[at])
            return at + 1
        if at in self._closing:
            self._leave(line.indent)
            bare = TAG.fullmatch(line.text) is not None
            unit = self._add("open", line.start, line.end, self._parent(), frame=bare)
            self._open(_Frame(unit), self._closing[at])
            return at + 1
        if FENCE.match(line.text):
            return self._block("code", at, self._fence_end(at))
        if (heading := HEADING.match(line.text)) is not None:
            return self._heading(at, at, len(heading[1]))
        if line.text.startswith("|") and self._is_rule(at + 1):
            return self._table(at)
        return self._prose(at)

    def _fence_end(self, at: int) -> int:
        """Return the last line of a block of code that is indented too far for CommonMark to see it."""
        mark = self._lines[at].text[:3]
        behind = range(at + 1, len(self._lines))
        return next((n for n in behind if self._lines[n].text.startswith(mark)), at)

    def _open(self, frame: _Frame, last: int) -> None:
        self._stack.append(frame)
        self._closers[last] = frame

    def _heading(self, first: int, last: int, level: int) -> int:
        while self._stack and ((top := self._stack[-1]).indent >= 0 or top.level >= level):
            self._stack.pop()
        start, end = self._lines[first].start, self._lines[last].end
        unit = self._add("heading", start, end, self._parent(), frame=True)
        self._stack.append(_Frame(unit, level=level))
        return last + 1

    def _is_rule(self, at: int) -> bool:
        if at >= len(self._lines):
            return False
        return "-" in self._lines[at].text and TABLE_RULE.match(self._lines[at].text) is not None

    def _table(self, at: int) -> int:
        line = self._lines[at]
        self._leave(line.indent, adopted=True)
        head = self._add("head", line.start, self._lines[at + 1].end, self._parent(), frame=True)
        at += 2
        while at < len(self._lines) and self._lines[at].text.startswith("|") and not self._taken(at):
            self._add("row", self._lines[at].start, self._lines[at].end, head)
            at += 1
        return at

    def _taken(self, at: int) -> bool:
        """Return whether a line begins or ends a block or an element, so that no paragraph goes on there."""
        return any(at in numbers for numbers in self._boundaries)

    def _prose(self, at: int) -> int:
        """Take a paragraph, an item, a label or a ruler, with the lines that go on with it."""
        line = self._lines[at]
        item = ITEM.match(line.text)
        if item is None and ORNAMENT.match(line.text):
            self._leave(line.indent)
            self._add("ruler", line.start, line.end, self._parent())
            return at + 1
        last = at
        while last + 1 < len(self._lines) and self._goes_on(last, item is not None):
            last += 1
        if item is None and self._underlined(last + 1):
            return self._heading(at, last + 1, 1 if "=" in self._lines[last + 1].text else 2)
        start, end = line.start, self._lines[last].end
        leads = self._text[start:end].rstrip(EMPHASIS).endswith(":")
        self._leave(line.indent, adopted=item is not None, follows=not leads)
        kind: UnitKind = "label" if leads else "sentence" if item is None else "item"
        if item is None:
            spoken = self._text[start:end]
            *first, (a, b) = [(0, end - start)] if TAG.search(spoken) else sentences(spoken)
            for begins, ends in first:
                self._add("sentence", start + begins, start + ends, self._parent())
            unit = self._add(kind, start + a, start + b, self._parent(), frame=leads)
        else:
            unit = self._add(kind, start, end, self._parent(), self._group(item), leads)
        self._stack.append(_Frame(unit, indent=line.indent, adopts=leads))
        return last + 1

    def _underlined(self, at: int) -> bool:
        if at >= len(self._lines) or self._taken(at):
            return False
        return UNDERLINE.match(self._lines[at].text) is not None

    def _goes_on(self, last: int, item: bool) -> bool:
        before, line = self._lines[last], self._lines[last + 1]
        if not plain_line(line.text) or self._taken(last + 1):
            return False
        if line.indent != before.indent and not (item and line.indent > 0):
            return False
        return continues(before.text, line.text, stopped=self._stopped[last + 1])

    def _group(self, item: re.Match[str]) -> int:
        """Return the number of the list of steps that an item belongs to, -1 for none."""
        if item["number"] is None:
            return -1
        before = self._last_group.get(self._parent(), -1)
        if before < 0:
            self._groups += 1
            return self._groups
        return before

    def _finished(self) -> Structure:
        """Return the units with the gaps between them and their lines."""
        units: list[Unit] = []
        line = 1
        counted = 0
        for n, span in enumerate(self._spans):
            behind = self._spans[n + 1].start if n + 1 < len(self._spans) else len(self._text)
            line += self._text.count("\n", counted, span.start)
            counted = span.start
            gap = self._text[span.end : behind]
            units.append(
                Unit(span.kind, span.start, span.end, gap, line, span.parent, span.group, span.frame)
            )
        lead = self._text[: units[0].start] if units else self._text
        return Structure(self._text, lead, tuple(units))
