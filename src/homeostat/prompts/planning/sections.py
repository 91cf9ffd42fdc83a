"""Sections on demand: what is always loaded and binds nobody waits until it is needed.

A file such as `CLAUDE.md` is sent before every command. Its sections that state no constraint (a list of
links, a table of commands) go into modules of their own, and a line in their place says where they are. No
word is lost, but a model no longer sees them before it asks: so this is done only where it is asked for.
"""

import posixpath
import re
import unicodedata
from bisect import bisect_right
from collections.abc import Collection, Iterator
from dataclasses import dataclass

from homeostat.prompts.graph.graph import Edge
from homeostat.prompts.graph.resolution import Resolver
from homeostat.prompts.library.fences import fences
from homeostat.prompts.optimize.draft import Draft
from homeostat.prompts.optimize.pass_ import Change, Proposal, Saves
from homeostat.prompts.proof.evidence import CONSTRAINT, plain

HEADING = re.compile(r"^#{1,2}[ \t]+(?P<title>.+?)[ \t#]*\r?$", re.MULTILINE)
TOKENS_MIN = 100
"""What a section must have, so that the line in its place and one more reading are worth it."""

FOLDER = "on-demand"


@dataclass(frozen=True, slots=True)
class Section:
    """A stretch of a text from a heading of the first or second level to the next: its title and bounds."""

    title: str
    start: int
    body: int
    end: int


def sections(text: str) -> Iterator[Section]:
    """Return the sections of a text; headings within blocks of code are none."""
    blocks = list(fences(text))
    starts = [b.start for b in blocks]
    heads = []
    for match in HEADING.finditer(text):
        block = bisect_right(starts, match.start()) - 1
        if block < 0 or match.start() >= blocks[block].end:
            heads.append(match)
    ends = [h.start() for h in heads[1:]] + [len(text)] * bool(heads)
    for head, end in zip(heads, ends, strict=True):
        yield Section(head["title"], head.start(), min(head.end() + 1, len(text)), end)


class SectionsOnDemand:
    """Moves sections of always loaded files into modules that are read when they are needed.

    A section stays where it states a constraint, includes a module outside of code, or holds a reference that
    would mean another module, or none, from its new place. The moves of one file are one change.
    """

    name = "sections"
    lossless = False
    saves: Saves = "billed"

    def propose(self, draft: Draft) -> Proposal:
        """Return the moves of each file that is always loaded."""
        changes = tuple(filter(None, (_moves(draft, path) for path in draft.understood.always)))
        return Proposal(changes, notes=tuple(c.what for c in changes))


def _moves(draft: Draft, path: str) -> Change | None:
    text = draft.library.modules[path].text
    ending = "\r\n" if "\r\n" in text else "\n"
    taken = {m.rpartition("/")[2] for m in draft.library.modules}
    resolver = Resolver(draft.library)
    pieces: list[str] = []
    moved: dict[str, str] = {}
    kept_to = 0
    for section in sections(text):
        whole = text[section.start : section.end]
        target = f"{_folder(path, draft)}/{_name(section.title, taken)}"
        if draft.counts.of(whole) < TOKENS_MIN or CONSTRAINT.search(plain(whole)):
            continue
        if not all(_same_from(target, edge, resolver) for edge in _edges(draft, path, text, section)):
            continue
        taken.add(target.rpartition("/")[2])
        moved[target] = whole
        pieces += [text[kept_to : section.body], f"Read `{target}` when this is needed.{ending}{ending}"]
        kept_to = section.end
    if not moved:
        return None
    what = f"{path}: {len(moved)} sections without a constraint are read when they are needed"
    return Change(what, {path: "".join([*pieces, text[kept_to:]]), **moved})


def _edges(draft: Draft, path: str, text: str, section: Section) -> list[Edge]:
    first = text.count("\n", 0, section.start) + 1
    last = first + text.count("\n", section.start, section.end)
    return [e for e in draft.understood.graph.edges if e.source == path and first <= e.line <= last]


def _same_from(target: str, edge: Edge, resolver: Resolver) -> bool:
    """Tell whether a reference means the same module from a new place, and loads nothing by itself."""
    loads = edge.kind == "hard" and not edge.fenced
    return not loads and edge.target is not None and resolver.resolve(edge.written, target)[0] == edge.target


def _folder(path: str, draft: Draft) -> str:
    """Return where sections of a file lie: beside it, or in the folder of the tool that reads it."""
    beside = posixpath.dirname(path)
    if not beside and any(m.startswith(".claude/") for m in draft.library.modules):
        beside = ".claude"
    return posixpath.join(beside, FOLDER)


def _name(title: str, taken: Collection[str]) -> str:
    """Return a file's name for a title, one that no module has.

    >>> _name("⚠️ Naïve Rules: v2", {"naive-rules-v2.md"})
    'naive-rules-v2-2.md'
    """
    plain_title = unicodedata.normalize("NFKD", title).encode("ascii", "ignore").decode().lower()
    stem = "-".join(re.findall(r"[a-z0-9]+", plain_title))[:60].strip("-") or "section"
    names = (f"{stem}{suffix}.md" for suffix in ("", *(f"-{n}" for n in range(2, len(taken) + 3))))
    return next(n for n in names if n not in taken)
