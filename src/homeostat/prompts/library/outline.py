"""The outline: a tree of XML as indented lines of `tag: text`, which a decoder reads back to the same tree.

    release steps::                <release_steps>
    step: Read the code              <step>Read the code</step>
    - Run the tests                  <step>Run the tests</step>
    checks:                          <checks>
     note level=high:                  <note level="high">
      Think once,                        Think once,
      then again                         then again
                                       </note>
                                     </checks>
                                   </release_steps>

Each level is one blank deeper; `::` ends the line of a root that is alone and holds all the rest. Blanks in
a tag are underscores. A line that begins with `- ` is an element like the one before it: the same tag and
attributes. Deeper lines are the elements within one, or its text where they cannot all be elements; `:|`
says that they are text. `|` is a text beside elements. A comment and an inline element stand as they are, on
one line.
"""

import re
from collections.abc import Iterator, Sequence
from xml.sax.saxutils import escape

from homeostat.prompts.library.xml_tree import (
    DEPTH_MAX,
    Element,
    Markup,
    Node,
    read_xml,
    start_tag,
    write_xml,
)

NAME = r"[^\W\d][\w.-]*(?::[^\W\d][\w.-]*)?"
VALUE = r"""(?:[\w./%@+-]+|"[^"\n]*"|'[^'\n]*')"""
HEAD = re.compile(rf"({NAME}(?: [a-zA-Z0-9]+(?![\w=.:-]*=))*)((?: {NAME}={VALUE})*):(:$|\|$| |$)")
ATTRIBUTE = re.compile(rf"({NAME})=({VALUE})")
BARE = re.compile(r"[\w./%@+-]+")
BLANK_TAG = re.compile(r"[a-zA-Z][a-zA-Z0-9]*(?:_[a-zA-Z0-9]+)+")
"""Tags that are written with blanks instead of underscores, which takes fewer tokens."""


class _NoOutlineError(Exception):
    """A tree that has no outline, or a text that is none."""


def write_outline(nodes: Sequence[Node]) -> str | None:
    """Return the outline of a tree, one line after another; None where it has none.

    It has none where a comment or an inline element takes several lines, or a value holds both kinds of
    quotes. Guarantee: `read_outline` returns the same tree.
    """
    try:
        root = nodes[0] if len(nodes) == 1 else None
        if isinstance(root, Element) and not root.inline and root.text is None:
            return "\n".join([_head(root) + ":", *_lines(root.children, "")])
        return "\n".join(_lines(nodes, ""))
    except _NoOutlineError:
        return None


def read_outline(text: str) -> tuple[Node, ...] | None:
    """Return the tree of an outline; None where it is none."""
    try:
        return _Reader(text).root()
    except _NoOutlineError:
        return None


def outline_as_xml(text: str) -> str | None:
    """Return the XML of an outline with each thing on its line; None where it is none.

    An element ends on the line where the last thing in it does, so the lines are as many.
    """
    try:
        reader = _Reader(text)
        nodes = reader.root()
    except _NoOutlineError:
        return None
    lines = [""] * len(reader.lines)
    _spread(nodes, iter(reader.starts), lines)
    return "\n".join(lines)


def _lines(nodes: Sequence[Node], indent: str) -> Iterator[str]:
    before: Element | None = None
    for node in nodes:
        if isinstance(node, Element) and not node.inline:
            yield from _element(node, before, indent)
            before = node
            continue
        before = None
        if isinstance(node, str):
            yield from _text(indent + "|", node, indent)
            continue
        source = write_xml([node])
        if "\n" in source:
            raise _NoOutlineError
        yield indent + source


def _element(element: Element, before: Element | None, indent: str) -> Iterator[str]:
    text = element.text
    like = before is not None and (before.tag, before.attributes) == (element.tag, element.attributes)
    if like and text and "\n" not in text:
        yield f"{indent}- {text}"
        return
    head = indent + _head(element)
    if text is None:
        yield head
        yield from _lines(element.children, indent + " ")
    elif "\n" in text and _Reader(text).holds_nodes():
        yield from _text(head + "|", text, indent)
    else:
        yield from _text(head, text, indent)


def _head(element: Element) -> str:
    tag = element.tag.replace("_", " ") if BLANK_TAG.fullmatch(element.tag) else element.tag
    head = tag + "".join(f" {name}={_value(value)}" for name, value in element.attributes) + ":"
    if HEAD.fullmatch(head) is None:
        raise _NoOutlineError
    return head


def _value(value: str) -> str:
    if BARE.fullmatch(value):
        return value
    return f"'{value}'" if '"' in value else f'"{value}"'


def _text(head: str, text: str, indent: str) -> Iterator[str]:
    if "\r" in text:
        raise _NoOutlineError
    if "\n" in text:
        yield head
        yield from (f"{indent} {line}" if line else "" for line in text.split("\n"))
    else:
        yield f"{head} {text}" if text else head


class _Reader:
    """Reads the lines of an outline; `starts` are those on which its nodes begin, in their order."""

    def __init__(self, text: str) -> None:
        self.lines = text.split("\n")
        self.starts: list[int] = []

    def root(self) -> tuple[Node, ...]:
        head = HEAD.match(self.lines[0])
        if head is not None and head[3] == ":":
            self.starts.append(0)
            children = self._nodes(1, len(self.lines), 0)
            return (Element(*_read_head(head), children),)
        return self._nodes(0, len(self.lines), 0)

    def holds_nodes(self) -> bool:
        """Tell whether the lines can be read as elements."""
        try:
            return bool(self._nodes(0, len(self.lines), 0))
        except _NoOutlineError:
            return False

    def _nodes(self, at: int, end: int, depth: int) -> tuple[Node, ...]:
        if depth > DEPTH_MAX:
            raise _NoOutlineError
        found: list[Node] = []
        while at < end:
            line = self.lines[at]
            content = line[depth:]
            if not line.strip(" "):
                at += 1
                continue
            if line[:depth].strip(" ") or content.startswith(" "):
                raise _NoOutlineError
            last = self._deeper(at + 1, end, depth)
            self.starts.append(at)
            found.append(self._node(content, at + 1, last, depth, found[-1] if found else None))
            at = last
        return tuple(found)

    def _deeper(self, at: int, end: int, depth: int) -> int:
        """Return where the lines end that are deeper than a depth, or blank."""
        indent = " " * (depth + 1)
        while at < end and (not self.lines[at] or self.lines[at].startswith(indent)):
            at += 1
        return at

    def _node(self, content: str, at: int, end: int, depth: int, before: Node | None) -> Node:
        """Return the node that begins with a content and goes on in the lines from `at` to `end`."""
        if content == "|":
            return self._block(at, end, depth)
        head = HEAD.match(content)
        if head is not None and head[3] in ("", "|"):
            return self._element(*_read_head(head), at, end, depth, forced=head[3] == "|")
        if any(self.lines[at:end]) or (head is not None and head[3] == ":"):
            raise _NoOutlineError
        if head is not None:
            return Element(*_read_head(head), (content[head.end() :],))
        if content.startswith("- ") and isinstance(before, Element) and not before.inline:
            return Element(before.tag, before.attributes, (content[2:],))
        if content.startswith("| "):
            return content[2:]
        return _raw(content)

    def _element(
        self,
        tag: str,
        attributes: tuple[tuple[str, str], ...],
        at: int,
        end: int,
        depth: int,
        *,
        forced: bool,
    ) -> Element:
        if not any(self.lines[at:end]):
            return Element(tag, attributes)
        known = len(self.starts)
        if not forced:
            try:
                return Element(tag, attributes, self._nodes(at, end, depth + 1))
            except _NoOutlineError:
                del self.starts[known:]
        return Element(tag, attributes, (self._block(at, end, depth),))

    def _block(self, at: int, end: int, depth: int) -> str:
        text = "\n".join(line[depth + 1 :] for line in self.lines[at:end]).rstrip("\n")
        if not text:
            raise _NoOutlineError
        return text


def _read_head(head: re.Match[str]) -> tuple[str, tuple[tuple[str, str], ...]]:
    pairs = ((a[1], a[2]) for a in ATTRIBUTE.finditer(head[2]))
    return head[1].replace(" ", "_"), tuple((n, v[1:-1] if v[0] in "\"'" else v) for n, v in pairs)


def _raw(content: str) -> Node:
    nodes = read_xml(content) if content.startswith("<") else None
    node = nodes[0] if nodes is not None and len(nodes) == 1 else None
    if isinstance(node, Markup) or (isinstance(node, Element) and node.inline):
        return node
    raise _NoOutlineError


def _spread(nodes: Sequence[Node], starts: Iterator[int], lines: list[str]) -> int:
    """Write nodes onto their lines; return the line on which the last of them ends."""
    end = 0
    for node in nodes:
        at = end = next(starts)
        if isinstance(node, Markup) or (isinstance(node, Element) and node.inline):
            lines[at] += write_xml([node])
            continue
        text = node if isinstance(node, str) else node.text
        if isinstance(node, Element):
            lines[at] += start_tag(node)
        if text is None and isinstance(node, Element):
            end = _spread(node.children, starts, lines)
        elif text:
            written = escape(text).split("\n")
            first = at if len(written) == 1 else at + 1
            end = first + len(written) - 1
            for number, line in enumerate(written, first):
                lines[number] += line
        if isinstance(node, Element):
            lines[end] += f"</{node.tag}>"
    return end
