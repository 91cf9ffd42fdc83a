"""Extraction: cutting the modules of a library down to a budget."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

import msgspec

from homeostat.prompts.extraction.budget import Budget
from homeostat.prompts.extraction.centrality import centrality
from homeostat.prompts.extraction.cut import Cut
from homeostat.prompts.extraction.pins import pins
from homeostat.prompts.extraction.structure import structure_of
from homeostat.prompts.extraction.unit import Structure
from homeostat.prompts.graph.references import references
from homeostat.prompts.graph.styles import Styles
from homeostat.prompts.library.front_matter import read_front_matter

Count = Callable[[str], int]
"""Returns the tokens of a text."""

Score = Callable[[Structure], Sequence[float]]
"""Returns how much each unit of a structure matters; below 0 counts as 0."""


class Exceeded(msgspec.Struct, frozen=True):
    """A budget that could not be kept, since what is left is pinned: whose, and how much that is."""

    name: str
    allowed: int
    tokens: int

    def __str__(self) -> str:
        return f"{self.name}: {self.tokens:,} tokens are left, not {self.allowed:,}: they may not be dropped"


@dataclass(frozen=True, slots=True)
class Extraction:
    """What was cut: the cuts that dropped something by path, and the budgets that could not be kept."""

    cuts: Mapping[str, Cut]
    exceeded: tuple[Exceeded, ...]


class Extractor:
    """Cuts texts down to budgets with one tokenizer; `score` says what goes first.

    Deterministic: the same texts, budget and tokenizer give the same cuts.
    """

    def __init__(self, styles: Styles, count: Count, score: Score = centrality) -> None:
        self._styles = styles
        self._count = count
        self._score = score

    def cut(self, text: str) -> Cut:
        """Return a text from which nothing is cut yet."""
        structure = structure_of(text)
        named = references(text, read_front_matter(text), self._styles)
        costs = [self._count(structure.words(i) + unit.gap) for i, unit in enumerate(structure.units)]
        return Cut(structure, pins(structure, (r.start for r in named)), self._score(structure), costs)

    def by_module(self, texts: Mapping[str, str], budget: Budget) -> Extraction:
        """Cut each text on its own."""
        cuts: dict[str, Cut] = {}
        exceeded = []
        for path, text in texts.items():
            tokens = self._count(text)
            allowed = budget.allowed(tokens)
            if tokens <= allowed:
                continue
            cut = self.cut(text)
            left = self._cut_to(allowed, [cut])
            if left > allowed:
                exceeded.append(Exceeded(path, allowed, left))
            if cut.dropped:
                cuts[path] = cut
        return Extraction(cuts, tuple(exceeded))

    def by_command(
        self, texts: Mapping[str, str], closures: Iterable[tuple[str, Sequence[str]]], budget: Budget
    ) -> Extraction:
        """Cut what commands load, given as their names and modules, until each keeps its budget.

        What is least central within its own module goes first, whichever of a command's modules that is
        in. A module that several commands load is cut for the one that must save most.
        """
        cuts: dict[str, Cut] = {}
        exceeded = []
        for name, modules in closures:
            allowed = budget.allowed(sum(self._count(texts[m]) for m in modules))
            for module in modules:
                if module not in cuts:
                    cuts[module] = self.cut(texts[module])
            left = self._cut_to(allowed, [cuts[m] for m in modules])
            if left > allowed:
                exceeded.append(Exceeded(name, allowed, left))
        return Extraction({p: c for p, c in cuts.items() if c.dropped}, tuple(exceeded))

    def _cut_to(self, allowed: int, cuts: Sequence[Cut]) -> int:
        """Cut until texts together have no more tokens than allowed, and return how many they have."""
        slack = 0
        while True:
            while sum(c.tokens for c in cuts) > allowed + slack:
                if not _drop_least(cuts):
                    return sum(self._count(c.text()) for c in cuts)
            left = sum(self._count(c.text()) for c in cuts)
            if left <= allowed:
                return left
            slack += allowed - left  # texts that are joined are counted otherwise than their units


def _drop_least(cuts: Sequence[Cut]) -> bool:
    choices = [(least, n) for n, cut in enumerate(cuts) if (least := cut.least) is not None]
    return bool(choices) and cuts[min(choices)[1]].drop()
