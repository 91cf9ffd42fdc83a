"""The tree of a fragment of XML: what it says, without the white space that only lays it out."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias
from xml.parsers import expat
from xml.sax.saxutils import escape, quoteattr

BLANKS = " \t\n"
"""White space of XML, once its line ends are read."""

DEPTH_MAX = 100


@dataclass(frozen=True, slots=True)
class Element:
    """A tag, its attributes in their order, and what stands between its two ends.

    `inline` elements have texts beside elements on one line, where white space parts words: it is kept.
    """

    tag: str
    attributes: tuple[tuple[str, str], ...] = ()
    children: tuple["Node", ...] = ()
    inline: bool = False

    @property
    def text(self) -> str | None:
        """The text, empty where there is none; None where elements or comments stand in it."""
        if not self.children:
            return ""
        (first, *others) = self.children
        return first if isinstance(first, str) and not others else None


@dataclass(frozen=True, slots=True)
class Markup:
    """A comment or a processing instruction, as written."""

    source: str


Node: TypeAlias = Element | Markup | str


def read_xml(fragment: str) -> tuple[Node, ...] | None:
    """Return the roots of a fragment and the texts between them; None where it is malformed.

    Texts lose the white space at their ends, the indentation that all their lines share and blanks at the
    ends of lines, and those that are blank go; except in inline elements. A document type is malformed (its
    entities are never expanded), and so are more than a hundred levels, and texts between roots on one line.
    """
    reader = _Reader()
    try:
        reader.read(fragment)
    except (expat.ExpatError, UnicodeEncodeError):
        return None
    root = reader.root
    return None if root is None or root.inline else root.children


def write_xml(nodes: Sequence[Node]) -> str:
    """Return nodes as XML: texts as they are, elements without any white space between them."""
    return "".join(map(_written, nodes))


def start_tag(element: Element) -> str:
    """Return the tag that begins an element."""
    attributes = "".join(f" {name}={quoteattr(value)}" for name, value in element.attributes)
    return f"<{element.tag}{attributes}>"


def _written(node: Node) -> str:
    if isinstance(node, str):
        return escape(node)
    if isinstance(node, Markup):
        return node.source
    return f"{start_tag(node)}{write_xml(node.children)}</{node.tag}>"


class _Reader:
    """Gathers a tree from expat's events."""

    def __init__(self) -> None:
        self._deepest = 0
        self._open: list[tuple[str, tuple[tuple[str, str], ...], list[Node]]] = []
        self._text: list[str] = []
        self.root: Element | None = None
        """The element around the fragment; None where it is too deep."""

    def read(self, fragment: str) -> None:
        parser = expat.ParserCreate()
        parser.ordered_attributes = True
        parser.buffer_text = True
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end
        parser.CharacterDataHandler = self._text.append
        parser.CommentHandler = lambda text: self._add(Markup(f"<!--{text}-->"))
        parser.ProcessingInstructionHandler = lambda name, data: self._add(Markup(f"<?{name} {data}?>"))
        parser.Parse("<fragment>", False)
        parser.Parse(fragment.encode("utf-8"), False)
        parser.Parse("</fragment>", True)

    def _start(self, tag: str, attributes: list[str]) -> None:
        self._flush()
        self._open.append((tag, tuple(zip(attributes[::2], attributes[1::2], strict=True)), []))
        self._deepest = max(self._deepest, len(self._open))

    def _end(self, _tag: str) -> None:
        self._flush()
        tag, attributes, children = self._open.pop()
        element = _element(tag, attributes, children)
        if self._open:
            self._open[-1][2].append(element)
        elif self._deepest <= DEPTH_MAX:
            self.root = element

    def _add(self, node: Node) -> None:
        self._flush()
        self._open[-1][2].append(node)

    def _flush(self) -> None:
        if self._text:
            self._open[-1][2].append("".join(self._text))
            self._text.clear()


def _element(tag: str, attributes: tuple[tuple[str, str], ...], children: Sequence[Node]) -> Element:
    if _inline(children):
        return Element(tag, attributes, tuple(children), inline=True)
    settled = (settled_text(c) if isinstance(c, str) else c for c in children)
    return Element(tag, attributes, tuple(c for c in settled if c != ""))


def _inline(children: Sequence[Node]) -> bool:
    """Tell whether a text stands on one line with an element beside it."""
    texts = [(i, c) for i, c in enumerate(children) if isinstance(c, str) and c.strip(BLANKS)]
    return any(
        (i > 0 and "\n" not in c[: len(c) - len(c.lstrip(BLANKS))])
        or (i < len(children) - 1 and "\n" not in c[len(c.rstrip(BLANKS)) :])
        for i, c in texts
    )


def settled_text(text: str) -> str:
    """Return a text without the white space that lays it out.

    >>> settled_text("\\n    1. One\\n       more\\n    2. Two\\n  ")
    '1. One\\n   more\\n2. Two'
    """
    first, *others = [line.rstrip(" \t") for line in text.strip("\n").split("\n")]
    if text.startswith("\n") or not first:
        return "\n".join(_dedented([first, *others])).strip(BLANKS)
    return "\n".join([first.strip(" \t"), *_dedented(others)]).strip(BLANKS)


def _dedented(lines: list[str]) -> list[str]:
    indents = [line[: len(line) - len(line.lstrip(" \t"))] for line in lines if line]
    shared = _common(indents)
    return [line[shared:] for line in lines]


def _common(indents: Sequence[str]) -> int:
    if not indents:
        return 0
    low, high = min(indents), max(indents)
    return next((i for i, sign in enumerate(low) if sign != high[i]), len(low))
