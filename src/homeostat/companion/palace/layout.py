"""The layout: where rooms stand, so that near means related, and that what stands moves little.

Distances in space are to follow the angles between rooms (metric multidimensional scaling, each room pulled
by the weighted mean of what the others want). Each time a room goes no further than its reach, which is less
for one that is old or large: new rooms find their places among old ones that hardly move.
"""

import numpy as np
from numpy.typing import NDArray

ROOM_RADIUS = 2.0
"""Loci stand within this distance of the middle of their room."""

NEAREST = 2.0 * ROOM_RADIUS
SPREAD = 8.0
STEPS = 5
STEP_SHARE = 0.7
REACH_MAX = 2.0
REACH_SIZE = 8.0
SETTLED_AFTER = 64.0
FIRM = 0.1


def targets(sums: NDArray[np.float32]) -> NDArray[np.float64]:
    """Return the distances at which rooms with these sums should stand: two radii and more."""
    unit = sums.astype(np.float64)
    unit /= np.maximum(np.linalg.norm(unit, axis=1, keepdims=True), 1e-12)
    angles = np.arccos(np.clip(unit @ unit.T, -1.0, 1.0))
    np.fill_diagonal(angles, 0.0)
    n = len(sums)
    mean = float(angles.sum()) / max(n * (n - 1), 1)
    wanted = NEAREST + SPREAD * angles / max(mean, 1e-9)
    np.fill_diagonal(wanted, 0.0)
    return wanted


def eased(
    centres: NDArray[np.float64], wanted: NDArray[np.float64], reach: NDArray[np.float64], steps: int = STEPS
) -> NDArray[np.float64]:
    """Return centres after some steps down the stress, near distances weighing most.

    `wanted` are the distances (n, n); no centre moves further than its `reach` (n).
    """
    if len(centres) < 2:
        return centres
    weights = 1.0 / np.maximum(wanted, 1e-9) ** 2
    np.fill_diagonal(weights, 0.0)
    weights /= weights.sum(1, keepdims=True)
    longest = reach[:, None] / steps
    for _ in range(steps):
        apart = centres[:, None, :] - centres[None, :, :]
        distance = np.sqrt(np.einsum("ijk,ijk->ij", apart, apart)) + 1e-9
        pull = weights * (wanted / distance - 1.0)
        move = STEP_SHARE * np.einsum("ij,ijk->ik", pull, apart)
        far = np.sqrt(np.einsum("ik,ik->i", move, move))[:, None]
        centres = centres + move * np.minimum(1.0, longest / np.maximum(far, 1e-12))
    return centres


def reaches(sizes: NDArray[np.float64], ages: NDArray[np.int64]) -> NDArray[np.float64]:
    """Return how far rooms may move at a time: one that is new finds its place, an old and large one stands.

    `sizes` are counts of memories, `ages` the messages since each was founded.
    """
    fresh = np.maximum(np.exp2(-ages / SETTLED_AFTER), FIRM)
    return REACH_MAX * fresh * np.minimum(1.0, REACH_SIZE / np.maximum(sizes, 1.0))


def projection(dimensions: int) -> NDArray[np.float32]:
    """Return the fixed map (d, 3) of meanings to directions in space; the same in every process."""
    drawn = np.random.default_rng(20_261_120).standard_normal((dimensions, 3))
    found: NDArray[np.float32] = (drawn / np.linalg.norm(drawn, axis=0)).astype(np.float32)
    return found
