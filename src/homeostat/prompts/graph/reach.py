"""The reach: how much is reached from each module, for all modules of a library at once."""

from collections import Counter
from collections.abc import Collection, Mapping

from homeostat.prompts.graph.components import components
from homeostat.prompts.graph.graph import Graph
from homeostat.prompts.graph.styles import EdgeKind


def reaches(
    graph: Graph, kinds: Collection[EdgeKind], weights: Mapping[str, int], of: Collection[str]
) -> dict[str, tuple[int, int]]:
    """Return the number of modules that are reached from each of some, itself among them, and their weight.

    A set of modules that reach each other is one, and what it reaches is a row of bits, the union of the rows
    that it leads to. So a chain of ten thousand modules takes as many unions, and not as many walks. A row
    goes when all that lead to it have taken it.
    """
    import numpy as np  # takes as long to import as an analysis that comes from the cache

    found = components({m: graph.following(m, kinds) for m in graph.modules})
    at = {module: i for i, members in enumerate(found) for module in members}
    leads = [
        {at[t] for m in members for t in graph.following(m, kinds)} - {i} for i, members in enumerate(found)
    ]
    waiting = Counter(t for targets in leads for t in targets)
    asked = {at[module] for module in of}
    counts = np.array([len(members) for members in found], dtype=np.int64)
    loads = np.array([sum(weights[m] for m in members) for members in found], dtype=np.int64)
    size = (len(found) + 7) // 8
    bits: dict[int, int] = {}
    known: dict[int, tuple[int, int]] = {}
    for i, targets in enumerate(leads):  # what a set leads to stands before it
        reached = 1 << i
        for target in targets:
            reached |= bits[target]
            waiting[target] -= 1
            if not waiting[target]:
                del bits[target]
        if waiting[i]:
            bits[i] = reached
        if i in asked:
            raw = np.frombuffer(reached.to_bytes(size, "little"), dtype=np.uint8)
            there = np.flatnonzero(np.unpackbits(raw, count=len(found), bitorder="little"))
            known[i] = int(counts[there].sum()), int(loads[there].sum())
    return {module: known[at[module]] for module in of}
