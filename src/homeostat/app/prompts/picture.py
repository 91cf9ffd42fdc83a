"""The picture of a library's graph: circles for modules, lines for references, ready to be drawn."""

from dataclasses import dataclass
from math import sqrt

from homeostat.app.prompts.layout import layout
from homeostat.prompts.analysis.analysis import Analysis
from homeostat.prompts.graph.styles import KINDS, EdgeKind

NODES_MAX = 500
WIDTH, HEIGHT, MARGIN = 1000, 760, 40
STRENGTHS: dict[EdgeKind, float] = {"hard": 1.0, "conditional": 0.5, "mention": 0.05}
LABELLED_FILES = 12


@dataclass(frozen=True, slots=True)
class Node:
    """One module: its place and radius in the units of the picture, and what is said of it."""

    index: int
    path: str
    label: str
    role: str
    x: float
    y: float
    radius: float
    tokens: int


@dataclass(frozen=True, slots=True)
class Line:
    """References of the strongest kind from one module to another, by their indices."""

    source: Node
    target: Node
    kind: EdgeKind


@dataclass(frozen=True, slots=True)
class Picture:
    """All nodes and lines; `left_out` modules are not drawn."""

    nodes: tuple[Node, ...]
    lines: tuple[Line, ...]
    left_out: int
    width: int = WIDTH
    height: int = HEIGHT


def picture(analysis: Analysis) -> Picture:
    """Return the picture of a library: of all its modules, or of the 500 that matter most.

    These are the entry points, then what is loaded, then the largest.
    """
    tokens = {f.path: f.tokens for f in analysis.files}
    roles = dict.fromkeys(analysis.unused, "unused") | dict.fromkeys(analysis.only_named, "named")
    roles |= {m: "loaded" for e in analysis.entries for m in e.modules}
    roles |= dict.fromkeys(analysis.always, "always") | {e.path: "entry" for e in analysis.entries}
    names = {e.path: e.name for e in analysis.entries}
    rank = {"entry": 0, "always": 0, "loaded": 1}
    paths = sorted(tokens, key=lambda p: (rank.get(roles.get(p, ""), 2), -tokens[p], p))[:NODES_MAX]
    index = {p: i for i, p in enumerate(paths)}
    kinds: dict[tuple[int, int], EdgeKind] = {}
    for kind in reversed(KINDS):
        for e in analysis.edges:
            if e.kind == kind and e.target in index and e.source in index:
                kinds[index[e.source], index[e.target]] = kind
    places = layout(len(paths), [(a, b, STRENGTHS[kind]) for (a, b), kind in kinds.items()])
    most = max(tokens.values(), default=0) or 1
    largest = set(sorted(paths, key=lambda p: -tokens[p])[:LABELLED_FILES])
    nodes = tuple(
        Node(
            index=i,
            path=path,
            label=names.get(path) or (path.rpartition("/")[2] if path in largest else ""),
            role=roles.get(path, "reached"),
            x=round(MARGIN + float(places[i, 0]) * (WIDTH - 2 * MARGIN), 1),
            y=round(MARGIN + float(places[i, 1]) * (HEIGHT - 2 * MARGIN), 1),
            radius=round(3 + 15 * sqrt(tokens[path] / most), 1),
            tokens=tokens[path],
        )
        for i, path in enumerate(paths)
    )
    lines = tuple(Line(nodes[a], nodes[b], kind) for (a, b), kind in sorted(kinds.items()))
    return Picture(nodes, lines, len(tokens) - len(paths))
