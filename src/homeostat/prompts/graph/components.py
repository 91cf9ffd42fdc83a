"""Strongly connected components: the sets of nodes that all reach each other."""

from collections.abc import Iterable, Mapping


def components(edges: Mapping[str, Iterable[str]]) -> list[tuple[str, ...]]:
    """Return the strongly connected components of a graph, each sorted, those that nothing follows first.

    So a component stands after all that it leads to. Linear in nodes and edges, and without recursion.
    Source: Tarjan, "Depth-first search and linear graph algorithms", SIAM J. Comput. 1 (1972).

    >>> components({"a": ["b"], "b": ["c", "a"], "c": []})
    [('c',), ('a', 'b')]
    """
    index: dict[str, int] = {}
    low: dict[str, int] = {}
    on_stack: set[str] = set()
    stack: list[str] = []
    found: list[tuple[str, ...]] = []
    for root in edges:
        if root in index:
            continue
        index[root] = low[root] = len(index)
        stack.append(root)
        on_stack.add(root)
        work = [(root, iter(edges[root]))]
        while work:
            node, following = work[-1]
            for target in following:
                if target not in index:
                    index[target] = low[target] = len(index)
                    stack.append(target)
                    on_stack.add(target)
                    work.append((target, iter(edges.get(target, ()))))
                    break
                if target in on_stack:
                    low[node] = min(low[node], index[target])
            else:
                work.pop()
                if work:
                    low[work[-1][0]] = min(low[work[-1][0]], low[node])
                if low[node] == index[node]:
                    members: list[str] = []
                    while not members or members[-1] != node:
                        members.append(stack.pop())
                    on_stack.difference_update(members)
                    found.append(tuple(sorted(members)))
    return found
