"""Tags: which lines of a text open and close elements, as far as they match; malformed ones are text."""

import re
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

TAG = re.compile(r"<(?P<close>/?)(?P<name>[A-Za-z_][\w.:-]*)(?:\s[^<>]*?)?(?P<empty>/?)>")


@dataclass(frozen=True, slots=True)
class Elements:
    """The elements that span lines, by the numbers of their first and last lines.

    `closing` gives the last line of an element by its first. Lines `first` to `last` of a `tangle` cannot
    be told apart: a line opens or closes several elements, or has text in front of the tag that closes.
    """

    closing: dict[int, int]
    tangles: tuple[tuple[int, int], ...]


def elements(lines: Sequence[str]) -> Elements:
    """Match the tags of lines; a tag without its other half, as in prose, is text. Linear in the tags.

    >>> elements(["<a>", "x <b>y</b> <like this>", "</a>"])
    Elements(closing={0: 2}, tangles=())
    >>> elements(["<a><b>", "x", "</b>", "</a>"])
    Elements(closing={}, tangles=((0, 3),))
    """
    open_tags: list[tuple[str, int]] = []
    waiting: dict[str, int] = defaultdict(int)
    pairs: list[tuple[int, int]] = []
    for number, line in enumerate(lines):
        for tag in TAG.finditer(line):
            name = tag["name"]
            if tag["empty"]:
                continue
            if not tag["close"]:
                open_tags.append((name, number))
                waiting[name] += 1
            elif waiting[name]:
                while True:
                    opened, first = open_tags.pop()
                    waiting[opened] -= 1
                    if opened == name:
                        break
                if first < number:
                    pairs.append((first, number))
    ends: dict[int, int] = defaultdict(int)
    for first, last in pairs:
        ends[first] += 1
        ends[last] += 1
    tangles = _joined(
        [(f, e) for f, e in pairs if ends[f] > 1 or ends[e] > 1 or not TAG.fullmatch(lines[e].strip())]
    )
    starts = [first for first, _ in tangles]
    closing = {}
    for first, last in sorted(pairs):
        before = bisect_right(starts, first) - 1
        if before < 0 or first > tangles[before][1]:
            closing[first] = last
    return Elements(closing, tangles)


def _joined(spans: list[tuple[int, int]]) -> tuple[tuple[int, int], ...]:
    """Return spans with those that overlap made one."""
    found: list[tuple[int, int]] = []
    for first, last in sorted(spans):
        if found and first <= found[-1][1]:
            found[-1] = (found[-1][0], max(last, found[-1][1]))
        else:
            found.append((first, last))
    return tuple(found)
