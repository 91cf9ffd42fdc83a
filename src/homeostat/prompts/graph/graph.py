"""The graph: which modules load, may load, or only name which others."""

from collections import defaultdict
from collections.abc import Collection, Iterable

import msgspec

from homeostat.prompts.graph.components import components
from homeostat.prompts.graph.styles import KINDS, EdgeKind


class Edge(msgspec.Struct, frozen=True):
    """One reference: from `source`, on `line` (from 1), as `written`, in a `style`.

    `target` is the module that is meant, None if it dangles; `exact` is False where only the ending of
    its path was written. `fenced` references stand within a block of code, where tools such as Claude Code
    load nothing by themselves and the model is left to do it.
    """

    source: str
    target: str | None
    kind: EdgeKind
    written: str
    line: int
    style: str
    exact: bool = True
    fenced: bool = False


class Graph:
    """The modules of a library and the references between them."""

    def __init__(self, modules: Iterable[str], edges: Iterable[Edge]) -> None:
        self.modules = tuple(modules)
        self.edges = tuple(edges)
        self._next: dict[EdgeKind, dict[str, dict[str, None]]] = {k: defaultdict(dict) for k in KINDS}
        for edge in self.edges:
            if edge.target is not None and edge.target != edge.source:
                self._next[edge.kind][edge.source][edge.target] = None

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

    def cycles(self, kinds: Collection[EdgeKind]) -> tuple[tuple[str, ...], ...]:
        """Return the sets of modules that all reach each other by these kinds, the largest first."""
        edges = {m: self.following(m, kinds) for m in self.modules}
        found = [c for c in components(edges) if len(c) > 1]
        return tuple(sorted(found, key=lambda c: (-len(c), c)))
