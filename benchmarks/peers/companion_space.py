"""What scipy's cKDTree and rtree take for the questions of benchmarks/companion_palace.py; prints JSON.

.bench-venv/companion/bin/python benchmarks/peers/companion_space.py < QUESTIONS.json
"""

import json
import statistics
import sys
import time
from collections.abc import Callable
from importlib import import_module
from typing import Any

import numpy as np


def median_ms(ask: Callable[[Any], object], queries: Any) -> float:
    """Return the median time of one question."""
    took = []
    for query in queries:
        began = time.perf_counter()
        ask(query)
        took.append((time.perf_counter() - began) * 1e3)
    return statistics.median(took)


def main() -> None:
    """Read points, queries, a radius and k, and print times in ms by question and index."""
    asked = json.load(sys.stdin)
    points = np.array(asked["points"], np.float32)
    queries = np.array(asked["queries"], np.float32)
    radius, k = asked["radius"], asked["k"]
    index: Any = import_module("rtree.index")
    tree: Any = import_module("scipy.spatial").cKDTree(points)
    stored = ((i, (*point, *point), None) for i, point in enumerate(points.tolist()))
    boxes = index.Index(stored, properties=index.Property(dimension=3))

    def box(query: Any) -> object:
        return list(boxes.intersection((*(query - radius), *(query + radius))))

    found = {
        "box": {"rtree": median_ms(box, queries)},
        "sphere": {"cKDTree": median_ms(lambda query: tree.query_ball_point(query, radius), queries)},
        "nearest 10": {
            "cKDTree": median_ms(lambda query: tree.query(query, k), queries),
            "rtree": median_ms(lambda query: list(boxes.nearest((*query, *query), k)), queries),
        },
    }
    print(json.dumps(found))


if __name__ == "__main__":
    main()
