"""The layout of a graph: places on a plane, so that what is connected lies close together."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

STEPS = 150
GRAVITY = 0.06


def layout(count: int, pairs: Sequence[tuple[int, int, float]]) -> NDArray[np.float64]:
    """Return a place for each of `count` nodes, within the unit square; the same for the same graph.

    `pairs` are connected nodes with how strongly they attract each other. All nodes push each other away,
    and a weak pull to the middle keeps those in sight that nothing connects. The cost grows with the
    square of the nodes: 0.3 s for 200. Source: Fruchterman and Reingold, "Graph drawing by force-directed
    placement", Softw. Pract. Exper. 21 (1991).
    """
    places = np.random.default_rng(7).uniform(-0.5, 0.5, (count, 2))
    if count < 2:
        return np.full((count, 2), 0.5)
    ideal = 1.0 / np.sqrt(count)
    a = np.array([p[0] for p in pairs], dtype=np.intp)
    b = np.array([p[1] for p in pairs], dtype=np.intp)
    strength = np.array([p[2] for p in pairs], dtype=np.float64)[:, None]
    for step in range(STEPS):
        apart = places[:, None, :] - places[None, :, :]
        squared = (apart**2).sum(axis=2) + 1e-6
        move = (apart * (ideal**2 / squared)[:, :, None]).sum(axis=1)
        along = places[a] - places[b]
        pull = along * np.sqrt((along**2).sum(axis=1, keepdims=True)) / ideal * strength
        np.add.at(move, a, -pull)
        np.add.at(move, b, pull)
        move -= GRAVITY * places * np.sqrt(count)
        length = np.sqrt((move**2).sum(axis=1, keepdims=True)) + 1e-9
        heat = 0.2 * (1 - step / STEPS)
        places += move / length * np.minimum(length, heat)
    low, high = places.min(axis=0), places.max(axis=0)
    scaled: NDArray[np.float64] = (places - low) / np.maximum(high - low, 1e-9)
    return scaled
