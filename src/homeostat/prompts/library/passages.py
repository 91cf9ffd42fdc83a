"""Passages: the stretches of lines between blank ones, which is what people copy."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from homeostat.prompts.library.module import Module

FENCE = re.compile(r"\s*(?:`{3,}|~{3,})")


@dataclass(frozen=True, slots=True)
class Passage:
    """Lines `first` to `last` (from 1) of a module, without the white space at both ends of each."""

    path: str
    first: int
    last: int
    lines: tuple[str, ...]

    @property
    def text(self) -> str:
        """The lines as one text."""
        return "\n".join(self.lines)


def passages(modules: Iterable[Module]) -> Iterator[Passage]:
    """Return the passages of modules in their order; blank lines and fences of code end one."""
    for module in modules:
        gathered: list[str] = []
        number = 0
        for number, line in enumerate(module.text.split("\n"), 1):
            stripped = line.strip()
            if stripped and not FENCE.match(stripped):
                gathered.append(stripped)
            elif gathered:
                yield Passage(module.path, number - len(gathered), number - 1, tuple(gathered))
                gathered = []
        if gathered:
            yield Passage(module.path, number - len(gathered) + 1, number, tuple(gathered))
