"""Understanding a library: its graph, its entry points, its placeholders, and what is malformed."""

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, replace

from homeostat.prompts.graph.graph import Edge, Graph
from homeostat.prompts.graph.references import references
from homeostat.prompts.graph.resolution import Resolver
from homeostat.prompts.graph.styles import KINDS, EntryStyle, Styles
from homeostat.prompts.library.expansion import expanded
from homeostat.prompts.library.fences import Fence, fences, xml_fault
from homeostat.prompts.library.front_matter import FrontMatter, read_front_matter
from homeostat.prompts.library.library import Library, Progress, silent
from homeostat.prompts.library.module import Module
from homeostat.prompts.library.placeholders import placeholders
from homeostat.prompts.library.problem import Problem


@dataclass(frozen=True, slots=True)
class EntryPoint:
    """A module that is called by name: a command, a skill, an agent."""

    name: str
    kind: str
    path: str


@dataclass(frozen=True, slots=True)
class Understood:
    """What a library says of itself.

    `always` are modules that are loaded before every entry point. `placeholders` counts those of each
    module that has some. `fences` is the number of blocks in XML, the malformed ones are among the
    problems.
    """

    graph: Graph
    entries: tuple[EntryPoint, ...]
    always: tuple[str, ...]
    placeholders: dict[str, int]
    xml_fences: int
    xml_faults: int
    problems: tuple[Problem, ...]

    @property
    def always_loaded(self) -> tuple[str, ...]:
        """What is loaded before every entry point: `always`, and what they include outside blocks of code."""
        unfenced = Graph(self.graph.modules, (e for e in self.graph.edges if not e.fenced))
        return unfenced.closure(self.always, KINDS[:1])


def understand(library: Library, styles: Styles, progress: Progress = silent) -> Understood:
    """Read what the modules of a library say of each other.

    Where no module lies where entry points do, those count that no other loads.
    """
    resolver = Resolver(library)
    edges: list[Edge] = []
    gaps: dict[str, int] = {}
    problems: list[Problem] = []
    entries: list[EntryPoint] = []
    always: list[str] = []
    xml_fences = 0
    for done, module in enumerate(library.modules.values()):
        progress("following references", done, len(library.modules))
        module = replace(module, text=expanded(module.text))
        front_matter = read_front_matter(module.text)
        if front_matter.unclosed:
            problems.append(Problem(module.path, 1, "the front matter is not closed by a line of ---"))
        blocks = list(fences(module.text))
        entry = _entry_style(module.path, styles)
        edges += _edges(module, front_matter, blocks, resolver, styles, entry)
        if found := placeholders(module.text):
            gaps[module.path] = len(found)
        for fence in blocks:
            if fence.language == "xml":
                xml_fences += 1
                fault = xml_fault(module.text[fence.start : fence.end])
                if fault is not None:
                    problems.append(Problem(module.path, fence.line + fault[0] - 1, f"XML: {fault[1]}"))
        kind = None if entry is None else entry.kind
        if kind == "always":
            always.append(module.path)
        elif kind is not None:
            entries.append(EntryPoint(entry_name(module.path, kind, front_matter), kind, module.path))
    graph = Graph(library.modules, edges)
    faults = sum(p.text.startswith("XML: ") for p in problems)
    entries = entries or _roots(graph, always)
    return Understood(graph, tuple(entries), tuple(always), gaps, xml_fences, faults, tuple(problems))


def _edges(
    module: Module,
    front_matter: FrontMatter,
    blocks: Sequence[Fence],
    resolver: Resolver,
    styles: Styles,
    entry: EntryStyle | None,
) -> list[Edge]:
    starts = [b.start for b in blocks]
    own = module.path.rpartition("/")[0] + "/" if entry is not None and entry.owns else None
    found = []
    for reference in references(module.text, front_matter, styles):
        target, exact = resolver.resolve(reference.target, module.path)
        if target == module.path or (target is None and reference.if_found):
            continue
        owned = own is not None and target is not None and target.startswith(own)
        block = bisect_right(starts, reference.start) - 1
        found.append(
            Edge(
                source=module.path,
                target=target,
                kind="conditional" if owned and reference.edge == "mention" else reference.edge,
                written=reference.target,
                line=reference.line,
                style=reference.style,
                exact=exact,
                fenced=block >= 0 and reference.start < blocks[block].end,
                one_of=reference.one_of,
            )
        )
    return found


def entry_kind(path: str, styles: Styles) -> str | None:
    """Return what kind of entry point lies at a path, None if none does; `always` is a kind here."""
    entry = _entry_style(path, styles)
    return None if entry is None else entry.kind


def _entry_style(path: str, styles: Styles) -> EntryStyle | None:
    return next((e for e in styles.entries if any(p.fullmatch(path) for p in e.paths)), None)


def entry_name(path: str, kind: str, front_matter: FrontMatter) -> str:
    """Return the name by which an entry point is called."""
    if kind == "skill":
        return front_matter.first("name") or path.split("/")[-2:][0]
    if kind == "pattern":
        return path.split("/")[-2]
    stem = path.rpartition("/")[2].split(".", 1)[0]
    if kind == "command":
        within = path.rpartition("commands/")[2].split("/")[:-1] if "commands/" in path else []
        return "/" + ":".join([*within, stem])
    return front_matter.first("name") or stem


def _roots(graph: Graph, always: list[str]) -> list[EntryPoint]:
    loaded = {e.target for e in graph.edges if e.kind != "mention"}
    return [
        EntryPoint(path, "root", path) for path in graph.modules if path not in loaded and path not in always
    ]
