"""The unit: the smallest piece of a module that stays or goes, and its place among the others."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Literal

UnitKind = Literal[
    "front matter",
    "heading",
    "fence",
    "code",
    "open",
    "close",
    "head",
    "row",
    "label",
    "item",
    "sentence",
    "ruler",
]


@dataclass(frozen=True, slots=True)
class Unit:
    """A piece of a text: `start` and `end` bound it, `gap` is the white space between it and the next one.

    `parent` is the index of the unit that gives it its context, -1 where there is none: the heading above
    it, the element around it, the line that it is indented under, the head of its table. Units of one
    `group` are the steps of one numbered list. A `frame` says nothing without what stands in it.
    """

    kind: UnitKind
    start: int
    end: int
    gap: str
    line: int
    parent: int = -1
    group: int = -1
    frame: bool = False


@dataclass(frozen=True, slots=True)
class Structure:
    """A text as its units in their order; `lead` is the white space before the first one."""

    text: str
    lead: str
    units: tuple[Unit, ...]

    def words(self, index: int) -> str:
        """Return the text of one unit."""
        unit = self.units[index]
        return self.text[unit.start : unit.end]

    def without(self, dropped: Collection[int]) -> str:
        """Return the text without some units; where some go, the widest of the gaps around them stays.

        So what stood in two paragraphs, or on two lines, still does. Without any, it is the text itself.
        """
        parts = [self.lead]
        gap = ""
        for index, unit in enumerate(self.units):
            if index not in dropped:
                parts += [gap, self.words(index)]
                gap = unit.gap
            elif len(parts) > 1:
                gap = max(gap, unit.gap, key=lambda g: (g.count("\n"), len(g)))
        if len(parts) > 1:
            parts.append(self.units[-1].gap)
        return "".join(parts)
