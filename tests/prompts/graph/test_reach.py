"""What is reached is counted as walking would count it, and a long chain takes no walk for each module."""

import time
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from homeostat.prompts.graph.graph import HARD, Edge, Graph
from homeostat.prompts.graph.reach import reaches
from homeostat.prompts.graph.styles import KINDS, EdgeKind

NODES = "abcdefghij"


@given(
    st.lists(st.tuples(st.sampled_from(NODES), st.sampled_from(NODES), st.sampled_from(KINDS)), max_size=30)
)
def test_reach_is_that_of_a_walk(pairs: list[tuple[str, str, EdgeKind]]) -> None:
    graph = Graph(NODES, [Edge(a, b, kind, b, 1, "x") for a, b, kind in pairs])
    weights = {node: 3**i for i, node in enumerate(NODES)}
    for kinds in (KINDS[:1], KINDS[:2], KINDS):
        found = reaches(graph, kinds, weights, NODES)
        for node in NODES:
            walked = graph.closure([node], kinds)
            assert found[node] == (len(walked), sum(weights[m] for m in walked))


def test_a_chain_of_five_thousand_is_counted_in_less_than_two_seconds() -> None:
    names = [str(i) for i in range(5_000)]
    graph = Graph(names, [Edge(a, b, "hard", b, 1, "x") for a, b in pairwise(names)])
    began = time.process_time()
    found = reaches(graph, HARD, dict.fromkeys(names, 2), names)
    assert time.process_time() - began < 2
    assert (found["0"], found["4990"]) == ((5_000, 10_000), (10, 20))
