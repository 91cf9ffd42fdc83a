"""The dropped passage: what a module went without, where it stood, and how a person reads it."""

from collections.abc import Iterable, Iterator, Mapping
from itertools import groupby

import msgspec

from homeostat.prompts.extraction.cut import Cut
from homeostat.prompts.extraction.extraction import Exceeded


class DroppedPassage(msgspec.Struct, frozen=True):
    """Lines `first` to `last` (from 1) of a module as the pass was given it, of which `text` is gone."""

    path: str
    first: int
    last: int
    text: str


def dropped_passages(path: str, cut: Cut) -> Iterator[DroppedPassage]:
    """Return what a cut dropped, units that followed each other as one passage."""
    units = cut.structure.units
    for gone, run in groupby(range(len(units)), cut.dropped.__contains__):
        if gone:
            indices = list(run)
            start, end = units[indices[0]].start, units[indices[-1]].end
            text = cut.structure.text[start:end]
            first = units[indices[0]].line
            yield DroppedPassage(path, first, first + text.count("\n"), text)


def dropped_text(passages: Iterable[DroppedPassage], tokens: Mapping[str, tuple[int, int]]) -> str:
    """Return dropped passages as text, by module with its `tokens` before and after, for a person to read."""
    lines = [
        "What extraction dropped. Line numbers are those of the modules before it. A module is whole where",
        "the outcome says that its change was taken back.",
        "",
    ]
    for path, found in groupby(passages, lambda p: p.path):
        before, after = tokens[path]
        lines += ["=" * 80, f"{path}: {before:,} -> {after:,} tokens", "=" * 80, ""]
        for passage in found:
            place = f"line {passage.first}"
            if passage.last > passage.first:
                place = f"lines {passage.first} to {passage.last}"
            lines += [f"--- {place}", passage.text, ""]
    return "\n".join(lines)


def exceeded_text(exceeded: Iterable[Exceeded]) -> str:
    """Return the budgets that could not be kept as text."""
    lines = [str(one) for one in exceeded]
    return "\n".join(["Budgets that could not be kept:", "", *lines, ""]) if lines else ""
