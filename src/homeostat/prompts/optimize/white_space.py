"""White space: what of a Markdown text's layout nobody sees once it is rendered."""

import re
from collections.abc import Callable
from dataclasses import dataclass, replace

from homeostat.prompts.library.canonical import MARKDOWN
from homeostat.prompts.library.fences import fences
from homeostat.prompts.library.front_matter import read_front_matter
from homeostat.prompts.library.module import Module
from homeostat.prompts.optimize.draft import Draft
from homeostat.prompts.optimize.pass_ import Change, Proposal, Saves
from homeostat.prompts.proof.reading import Reading

STATEMENT = re.compile(r"\{%|\{\{[#/]")
"""Templates: what their statements leave of the white space around them is not ours to say."""

TRAILING = re.compile(r"(?<=\S)[ \t](?=\n)|[ \t]+(?=\n[ \t]*(?:\n|\Z))|(?<=\S  )[ \t]+(?=\n)")
BLANK_LINES = re.compile(r"\n(?:[ \t]*\n){2,}")
BULLET = re.compile(r"^([ \t]*[-*+])[ \t]{2,4}(?=\S)", re.MULTILINE)
RULE = re.compile(r"^(?:-{4,}|\*{4,}|_{4,})[ \t]*$", re.MULTILINE)
TABLE = re.compile(
    r"^ {0,3}\|.*\|[ \t]*\n"  # the head
    r" {0,3}\|(?:[ \t]*:?-+:?[ \t]*\|)+[ \t]*$"
    r"(?:\n {0,3}\|.*\|[ \t]*$)*",
    re.MULTILINE,
)
CELL_END = re.compile(r"(?<!\\)\|")


@dataclass(frozen=True, slots=True)
class WhiteSpace:
    """The pass `space`: blanks at the ends of lines, runs of blank lines, the padding and frames of tables.

    Each way is tried on each file by itself, and is left out where Markdown would render otherwise. Blocks of
    code, settings at the top, files with statements of templates and files that are no Markdown stay as they
    are. One change a file.
    """

    name: str = "space"
    lossless: bool = True
    saves: Saves = "library"

    def propose(self, draft: Draft) -> Proposal:
        """Return the files that render the same with less white space."""
        changes = []
        for module in draft.library.modules.values():
            if module.path.lower().endswith(MARKDOWN) and not STATEMENT.search(module.text):
                text = _tightened(module, draft.reading)
                if text != module.text:
                    changes.append(Change("white space that nothing shows", {module.path: text}))
        return Proposal(tuple(changes))


def _tightened(module: Module, reading: Reading) -> str:
    text = module.text
    for way in WAYS:
        tried = _outside_code(text, way)
        if tried == text:
            continue
        if reading.canonical(replace(module, text=tried)) == reading.canonical(module):
            text = tried
    return text


def _outside_code(text: str, way: Callable[[str], str]) -> str:
    last = read_front_matter(text).end
    pieces = [text[:last]]
    for fence in fences(text):
        if fence.start > last:
            opening = text.rfind("\n", 0, fence.start - 1) + 1
            pieces += [way(text[last:opening]) if opening > last else "", text[opening : fence.end]]
            last = fence.end
    return "".join([*pieces, way(text[last:])])


def _table(found: re.Match[str]) -> str:
    return "\n".join(map(_row, found[0].split("\n")))


def _row(line: str) -> str:
    """Return a row of a table without padding, and without its frame where no cell at its ends is empty."""
    cells = [cell.strip() for cell in CELL_END.split(line.strip()[1:-1])]
    if all(re.fullmatch(":?-+:?", cell) for cell in cells):
        cells = [re.sub("-+", "-", cell) for cell in cells]
        return "|".join(cells) if len(cells) > 1 else f"|{cells[0]}|"
    if len(cells) > 1 and cells[0] and cells[-1]:
        return " | ".join(cells)
    return "|" + "|".join(f" {cell} " if cell else " " for cell in cells) + "|"


WAYS: tuple[Callable[[str], str], ...] = (
    lambda text: TABLE.sub(_table, text),
    lambda text: TRAILING.sub("", text),
    lambda text: BLANK_LINES.sub("\n\n", text),
    lambda text: BULLET.sub(r"\1 ", text),
    lambda text: RULE.sub("---", text),
)
