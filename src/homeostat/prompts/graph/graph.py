"""The graph: which modules load, may load, or only name which others."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping

import msgspec

from homeostat.prompts.graph.components import components
from homeostat.prompts.graph.styles import KINDS, EdgeKind

HARD = KINDS[:1]


class Edge(msgspec.Struct, frozen=True):
    """One reference: from `source`, on `line` (from 1), as `written`, in a `style`.

    `target` is the module that is meant, None if it dangles; `exact` is False where only the ending of
    its path was written. `fenced` references stand within a block of code, where tools such as Claude Code
    load nothing by themselves and the model is left to do it. `one_of` references of one module are ways of
    which a run takes one.
    """

    source: str
    target: str | None
    kind: EdgeKind
    written: str
    line: int
    style: str
    exact: bool = True
    fenced: bool = False
    one_of: bool = False


class Graph:
    """The modules of a library and the references between them."""

    def __init__(self, modules: Iterable[str], edges: Iterable[Edge]) -> None:
        self.modules = tuple(modules)
        self.edges = tuple(edges)
        self._next: dict[EdgeKind, dict[str, dict[str, None]]] = {k: defaultdict(dict) for k in KINDS}
        self._ways: dict[str, dict[str, None]] = defaultdict(dict)
        for edge in self.edges:
            if edge.target is not None and edge.target != edge.source:
                self._next[edge.kind][edge.source][edge.target] = None
                if edge.one_of:
                    self._ways[edge.source][edge.target] = None

    @property
    def dangling(self) -> tuple[Edge, ...]:
        """The references that lead to no module."""
        return tuple(e for e in self.edges if e.target is None)

    def following(self, module: str, kinds: Collection[EdgeKind]) -> list[str]:
        """Return the modules that one refers to by references of these kinds, each once."""
        return list(dict.fromkeys(t for k in KINDS if k in kinds for t in self._next[k].get(module, ())))

    def closure(self, starts: Iterable[str], kinds: Collection[EdgeKind]) -> tuple[str, ...]:
        """Return what is reached from some modules by references of these kinds, themselves first.

        The order is that of reading: breadth first, in the order of the text.
        """
        reached = dict.fromkeys(starts)
        waiting = list(reached)
        for module in waiting:
            for target in self.following(module, kinds):
                if target not in reached:
                    reached[target] = None
                    waiting.append(target)
        return tuple(reached)

    def route_closure(self, starts: Iterable[str], weights: Mapping[str, int]) -> tuple[str, ...]:
        """Return what is reached by hard references and, wherever ways part, by the heaviest way.

        A way weighs what it adds. Where ways part again on a way, the heaviest of those is taken then, so the
        whole is what one run may load that takes the heavier way each time, and near to the most.
        """
        reached = dict.fromkeys(self.closure(starts, HARD))
        waiting = list(reached)
        for module in waiting:
            ways = [self.closure([way], HARD) for way in self._ways.get(module, ()) if way not in reached]
            if not ways:
                continue
            heaviest = max(ways, key=lambda way: sum(weights[m] for m in way if m not in reached))
            added = [m for m in heaviest if m not in reached]
            reached.update(dict.fromkeys(added))
            waiting += added
        return tuple(reached)

    def ways(self, module: str) -> tuple[str, ...]:
        """Return the modules of which a run of this one loads one."""
        return tuple(self._ways.get(module, ()))

    def cycles(self, kinds: Collection[EdgeKind]) -> tuple[tuple[str, ...], ...]:
        """Return the sets of modules that all reach each other by these kinds, the largest first."""
        edges = {m: self.following(m, kinds) for m in self.modules}
        found = [c for c in components(edges) if len(c) > 1]
        return tuple(sorted(found, key=lambda c: (-len(c), c)))
