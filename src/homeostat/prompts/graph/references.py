"""References: where a module names another one, and how."""

import re
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass

from homeostat.prompts.graph.styles import EdgeKind, ReferenceStyle, Styles
from homeostat.prompts.library.front_matter import FrontMatter
from homeostat.prompts.library.library_files import ENDINGS

ENDING = re.compile(
    rf"\.(?:{'|'.join(sorted((e[1:] for e in ENDINGS), key=len, reverse=True))})(?![\w/-]|\.\w)",
    re.IGNORECASE,
)
BACKWARDS = re.compile(r"[\w./~%\\\u0300-\u036f-]+")
"""The signs of a path, those of URLs, of Windows and of letters in two parts among them."""

PATH_LENGTH_MAX = 300
BEFORE_LENGTH_MAX = 160
BLANKS = "]}*>"
"""Signs in front of a path which say that it is the tail of a pattern, such as `[category]/name.md`."""


@dataclass(frozen=True, slots=True)
class Reference:
    """A module's text names another: `target` as written, at `start` of the text, on `line` (from 1)."""

    target: str
    edge: EdgeKind
    style: str
    start: int
    line: int
    if_found: bool = False
    one_of: bool = False


def references(text: str, front_matter: FrontMatter, styles: Styles) -> list[Reference]:
    """Return what a text refers to, in its order.

    Each place counts once: by the first style with a pattern of its own that fits, else by the first
    whose `before` does. URLs, patterns of paths and addresses are no references. Linear in the text.
    """
    taken: list[tuple[int, int, ReferenceStyle]] = []
    for style in styles.references:
        if style.pattern is not None and style.literal in text:
            taken += [(*_span(match), style) for match in style.pattern.finditer(text)]
    spans = {start for start, _, _ in taken}
    ends = {end for _, end, _ in taken}
    elements = _Elements(text)
    for start, end in _paths(text):
        if start in spans or end in ends:
            continue
        fitting = _style(text, start, front_matter, styles, elements)
        if fitting is not None:
            taken.append((start, end, fitting))
    taken.sort(key=lambda t: t[:2])
    found: list[Reference] = []
    line, counted = 1, 0
    for start, end, style in taken:
        if found and found[-1].start == start:
            continue
        line += text.count("\n", counted, start)
        counted = start
        written = text[start:end].strip()
        found.append(Reference(written, style.edge, style.name, start, line, style.if_found, style.one_of))
    return found


def _span(match: re.Match[str]) -> tuple[int, int]:
    group = "path" if match["path"] is not None else "attribute"
    return match.span(group)


def _paths(text: str) -> Iterator[tuple[int, int]]:
    """Return where words with the ending of a prompt stand, going back from the ending to the beginning."""
    for ending in ENDING.finditer(text):
        behind = text[max(0, ending.start() - PATH_LENGTH_MAX) : ending.start()]
        word = BACKWARDS.match(behind[::-1])
        if word is None or word[0].startswith("\\") or not any(c.isalnum() for c in word[0]):
            continue  # a backslash in front of the dot is an expression's, not a path's
        start = ending.start() - word.end()
        before = text[max(0, start - 3) : start]
        if before.endswith("://") or (before.endswith(":") and text[start : start + 2] == "//"):
            continue
        if before and before[-1] in BLANKS and not (before[-1] == ">" and text[start] != "/"):
            if before[-1] == "*" and text[start] not in "/.-":
                yield start, ending.end()  # **name.md** in bold
            continue
        yield start, ending.end()


def _style(
    text: str, start: int, front_matter: FrontMatter, styles: Styles, elements: "_Elements"
) -> ReferenceStyle | None:
    key = ""
    if start < front_matter.end:
        key = front_matter.lines.get(text.count("\n", 0, start) + 1, "")
    line_start = text.rfind("\n", max(0, start - BEFORE_LENGTH_MAX), start) + 1
    before = text[max(line_start, start - BEFORE_LENGTH_MAX) : start]
    fallback = None
    for style in styles.references:
        if key and key.lower() in style.front_matter:
            return style
        if style.before is not None and fallback is None and style.before.search(before):
            if style.within and not any(elements.hold(name, start) for name in style.within):
                continue
            fallback = style
            if not key:
                break
    return fallback


class _Elements:
    """The elements of a text, each name looked up once: where each begins, and where it ends."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._spans: dict[str, list[tuple[int, int]]] = {}

    def hold(self, name: str, place: int) -> bool:
        """Tell whether a place lies within an element; one that nothing closes holds nothing."""
        if name not in self._spans:
            self._spans[name] = list(self._find(name))
        spans = self._spans[name]
        at = bisect_right(spans, (place, len(self._text))) - 1
        return at >= 0 and place < spans[at][1]

    def _find(self, name: str) -> Iterator[tuple[int, int]]:
        closing = f"</{name}>"
        end = 0
        for opening in re.finditer(rf"<{re.escape(name)}(?:\s[^<>]*)?>", self._text):
            if opening.start() < end:
                continue  # nested in one of its own name
            end = self._text.find(closing, opening.end())
            if end < 0:
                return
            yield opening.end(), end
