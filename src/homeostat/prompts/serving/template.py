"""The template: a prompt's text, cut at its gaps once, so that to fill it is one join."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from sys import getsizeof
from types import MappingProxyType

from homeostat.core.errors import InputError

GAP = re.compile(
    r"\{\{[ \t]*(?P<value>[A-Za-z_][\w.-]{0,199})[ \t]*\}\}"
    r"|\$(?:(?P<arguments>ARGUMENTS)\b(?:\[(?P<position>\d{1,4})\])?|\{(?P<variable>[A-Za-z_]\w{0,63})\})"
)
"""What is filled. Expressions and statements of template languages stay as they are."""


NOTHING: Mapping[str, object] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Gap:
    """A gap in a text: its place among the parts, and what fills it.

    `name` is that of a value, empty where the arguments go; `position` tells which word of them, None for
    all. `required` is False for `${name}`, which shells have too: it is filled only where the value is given.
    """

    part: int
    name: str
    position: int | None = None
    required: bool = True


@dataclass(frozen=True, slots=True)
class Template:
    """A text as parts that are joined; a gap's part holds the gap as it is written.

    Parts end where lines change between ASCII and more: so a text with one emoji does not take four bytes
    for each of its letters, and is joined twenty times as fast as it is decoded.
    """

    parts: tuple[str, ...]
    gaps: tuple[Gap, ...]

    @property
    def text(self) -> str:
        """The text as it stands in the file."""
        return "".join(self.parts)

    @property
    def memory_bytes(self) -> int:
        """What it takes in memory, parts and gaps."""
        return getsizeof(self.parts) + sum(map(getsizeof, self.parts)) + gaps_bytes(self.gaps)


def gaps_bytes(gaps: Sequence[Gap]) -> int:
    """Return what gaps take in memory, with the names."""
    return getsizeof(gaps) + sum(getsizeof(g) + getsizeof(g.name) + getsizeof(g.part) for g in gaps)


def compile_template(text: str) -> Template:
    """Cut a text at its gaps. Linear in the text.

    >>> compile_template("Fix $ARGUMENTS in {{ file }}.").parts
    ('Fix ', '$ARGUMENTS', ' in ', '{{ file }}', '.')
    """
    parts: list[str] = []
    gaps: list[Gap] = []
    for lines in _compact(text):  # no gap reaches over the end of a line
        done = 0
        for match in GAP.finditer(lines) if "$" in lines or "{" in lines else ():
            if done < match.start():
                parts.append(lines[done : match.start()])
            position = match["position"]
            name = match["value"] or match["variable"] or ""
            number = None if position is None else int(position)
            gaps.append(Gap(len(parts), name, number, not match["variable"]))
            parts.append(match[0])
            done = match.end()
        if done < len(lines):
            parts.append(lines[done:])
    return Template(tuple(parts), tuple(gaps))


def _compact(text: str) -> Iterator[str]:
    if not text:
        return
    if text.isascii():
        yield text
        return
    for _, lines in groupby(text.splitlines(keepends=True), key=str.isascii):
        yield "".join(lines)


def fill(
    name: str,
    parts: Sequence[str],
    gaps: Sequence[Gap],
    arguments: str | None = None,
    values: Mapping[str, object] = NOTHING,
) -> tuple[str, tuple[str, ...]]:
    """Return the text with its gaps filled, and the gaps that were left because they need not be filled.

    Raises InputError naming the prompt and all that is required and missing.
    """
    filled = list(parts)
    missing: list[str] = []
    left: list[str] = []
    for gap in gaps:
        value = values.get(gap.name) if gap.name else _argument(gap, arguments)
        if value is not None:
            filled[gap.part] = str(value)
        else:
            (missing if gap.required else left).append(parts[gap.part])
    if missing:
        needed = ", ".join(dict.fromkeys(missing))
        raise InputError(
            f"{name} needs {needed}: give `arguments` for $ARGUMENTS, and `values` by name for the others"
        )
    return "".join(filled), tuple(dict.fromkeys(left))


def _argument(gap: Gap, arguments: str | None) -> str | None:
    if arguments is None or gap.position is None:
        return arguments
    words = arguments.split()
    return words[gap.position] if gap.position < len(words) else ""
