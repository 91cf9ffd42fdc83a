"""Chains: references that say nothing new are left out, and modules of one reader become part of it."""

import re
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, replace

from homeostat.prompts.graph.graph import HARD, Edge
from homeostat.prompts.graph.resolution import Resolver
from homeostat.prompts.library.canonical import MARKDOWN
from homeostat.prompts.library.front_matter import read_front_matter
from homeostat.prompts.library.repeats import REPEAT
from homeostat.prompts.optimize.draft import Draft
from homeostat.prompts.optimize.pass_ import Change, Proposal, Saves
from homeostat.prompts.proof.claims import Edit

AROUND = frozenset(["include", "includes", "import", "src", "file", "path", "href", "module", "ref"])
"""Words that may stand beside a path on a line that is nothing but a reference."""

REFERENCES_MAX = 500
"""References of one module that are looked at, from its end: each is followed as far as it leads."""

DEPTH_MAX = 50
"""Modules within modules within modules: what lies deeper stays a file."""


@dataclass(frozen=True, slots=True)
class Chains:
    """The pass `chains`, for lines that are nothing but a reference that loads.

    A redundant one is removed: the module is named before already, or comes with another that is loaded here.
    A module that has one reader, and is named nowhere else, takes the place of the line that names it, with
    all that has become part of it in the same way. Entry points, modules with settings at the top, with other
    line ends, or whose references lead nowhere, or would elsewhere from their new place, stay. One change a
    file.
    """

    name: str = "chains"
    lossless: bool = True
    saves: Saves = "library"

    def propose(self, draft: Draft) -> Proposal:
        """Return the files with shorter chains."""
        return Proposal(tuple(_Chains(draft).changes()))


class _Chains:
    def __init__(self, draft: Draft) -> None:
        self._draft = draft
        self._modules = draft.library.modules
        self._lines = {p: m.text.split("\n") for p, m in self._modules.items()}
        self._alone: dict[str, list[Edge]] = defaultdict(list)
        self._named: dict[str, list[Edge]] = defaultdict(list)
        self._from: dict[str, list[Edge]] = defaultdict(list)
        for edge in draft.understood.graph.edges:
            self._from[edge.source].append(edge)
            if edge.target is not None:
                self._named[edge.target].append(edge)
                if self._stands_alone(edge):
                    self._alone[edge.source].append(edge)
        self._loads = self._loading()
        self._resolver = Resolver(draft.library)

    def changes(self) -> Iterator[Change]:
        redundant = {path: self._redundant(path) for path in sorted(self._alone)}
        part = self._parts({e for gone in redundant.values() for e in gone})
        parts: dict[str, list[Edge]] = defaultdict(list)
        for edge in part.values():
            parts[edge.source].append(edge)
        for path in sorted(self._alone):
            if path in part or not (redundant[path] or path in parts):
                continue
            removed: list[str] = []
            edits: list[Edit] = []
            text = self._put_together(path, redundant[path], parts, removed, edits)
            count = len(edits) - len(removed)
            what = [f"{count} redundant references"] * bool(count)
            what += [f"{len(removed)} modules of one reader"] * bool(removed)
            yield Change(" and ".join(what), {path: text}, tuple(removed), tuple(edits))

    def _stands_alone(self, edge: Edge) -> bool:
        """Tell whether a line is nothing but a reference that loads, as it is written."""
        if edge.kind != "hard" or edge.fenced or not edge.exact or not _markdown(edge.source):
            return False
        line = self._lines[edge.source][edge.line - 1]
        around = re.findall(r"\w+", line.replace(edge.written, " ", 1))
        return edge.written in line and all(word.lower() in AROUND for word in around)

    def _loading(self) -> dict[str, list[str]]:
        """Return what each module loads by itself, outside of blocks of code."""
        loads: dict[str, list[str]] = defaultdict(list)
        for edge in self._draft.understood.graph.edges:
            if edge.kind == "hard" and not edge.fenced and edge.target is not None:
                loads[edge.source].append(edge.target)
        return loads

    def _redundant(self, path: str) -> list[Edge]:
        """Return the references of a module that add nothing, and stop counting them."""
        gone = []
        for edge in self._alone[path][-REFERENCES_MAX:][::-1]:
            others = list(self._loads[path])
            others.remove(str(edge.target))
            reached = set(others)
            waiting = [m for m in reached if m != path]
            for module in waiting:
                fresh = [m for m in self._loads[module] if m not in reached and m != path]
                reached.update(fresh)
                waiting += fresh
            if edge.target in reached:
                gone.append(edge)
                self._loads[path] = others
        return gone

    def _parts(self, redundant: set[Edge]) -> dict[str, Edge]:
        """Return the modules that become part of their one reader, with the reference that they replace."""
        understood = self._draft.understood
        stays = {*(e.path for e in understood.entries), *understood.always}
        stays.update(self._draft.library.aliases.values())
        part = {}
        for path, edges in self._named.items():
            (edge, *others) = edges
            fits = not others and edge in self._alone.get(edge.source, ()) and edge not in redundant
            if not fits or path in stays or not self._fits(path, edge.source):
                continue
            if path not in understood.graph.closure(self._loads[path], HARD):
                part[path] = edge
        return {path: edge for path, edge in part.items() if _depth(path, part) <= DEPTH_MAX}

    def _fits(self, path: str, reader: str) -> bool:
        """Tell whether a module's text means the same as a part of its reader."""
        text, around = self._modules[path].text, self._modules[reader].text
        if not _markdown(path) or ("\r" in text) != ("\r" in around):
            return False
        if read_front_matter(text).end or text.lstrip().startswith("---"):
            return False
        if path.rpartition("/")[2] in text or REPEAT.search(text) or REPEAT.search(around):
            return False  # it names itself, or a passage by where it stands
        if not self._ends(path):
            return False
        leads = self._resolver.resolve
        return all(e.target and leads(e.written, reader)[0] == e.target for e in self._from[path])

    def _ends(self, path: str) -> bool:
        """Tell whether what follows a module's text is no part of it, as in a block that nothing closes."""
        module, reading = self._modules[path], self._draft.reading
        followed = replace(module, text=f"{module.text}\n\nend\n")
        return reading.canonical(followed) == f"{reading.canonical(module)}<p>end</p>\n"

    def _put_together(
        self,
        path: str,
        redundant: list[Edge],
        parts: dict[str, list[Edge]],
        removed: list[str],
        edits: list[Edit],
    ) -> str:
        """Return a module's text with its parts in it; note what went and which lines changed."""
        lines: list[str | None] = list(self._lines[path])
        for edge in redundant:
            edits.append(Edit(path, edge.line, str(lines[edge.line - 1]), ""))
            lines[edge.line - 1] = None
        for edge in parts.get(path, ()):
            target, was = str(edge.target), str(lines[edge.line - 1])
            removed.append(target)
            text = self._put_together(target, [], parts, removed, edits).rstrip("\r\n")
            edits.append(Edit(path, edge.line, was, text))
            lines[edge.line - 1] = text + "\r" * was.endswith("\r")
        return "\n".join(line for line in lines if line is not None)


def _depth(path: str, part: dict[str, Edge]) -> int:
    """Return how many readers a module is part of, one within the other, counting to the bound only."""
    depth = 0
    while path in part and depth <= DEPTH_MAX:
        path, depth = part[path].source, depth + 1
    return depth


def _markdown(path: str) -> bool:
    return path.lower().endswith(MARKDOWN)
