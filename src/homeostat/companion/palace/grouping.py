"""Grouping: which rooms are divided, and which are joined.

Rooms are judged by the objective of spherical k-means (Dhillon and Modha 2001): a group of unit vectors with
the sum S coheres by |S|, which is their number when all are the same. To divide a room into A and B gains
|S_A| + |S_B| - |S|; to join two loses as much.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

ROUNDS = 8


@dataclass(frozen=True, slots=True)
class Division:
    """A way to divide: what it gains, and which of the loci leave."""

    gain: float
    leaving: NDArray[np.bool_]


def lengths(sums: NDArray[np.float32]) -> NDArray[np.float64]:
    """Return the lengths of rows."""
    found: NDArray[np.float64] = np.sqrt(np.einsum("ij,ij->i", sums, sums, dtype=np.float64))
    return found


def divided(sums: NDArray[np.float32], count: NDArray[np.int64], size_min: int) -> Division | None:
    """Divide loci in two by k-means, beginning with the pair that is least alike; the smaller part leaves.

    None where there is no division into two parts of at least `size_min` memories each.
    """
    if len(sums) < 2 or int(count.sum()) < 2 * size_min:
        return None
    unit = sums / np.maximum(lengths(sums), 1e-12)[:, None].astype(np.float32)
    alike = unit @ unit.T
    a, b = np.unravel_index(int(alike.argmin()), alike.shape)
    away: NDArray[np.bool_] = alike[b] > alike[a]
    for _ in range(ROUNDS):
        here, there = sums[~away].sum(0), sums[away].sum(0)
        here /= max(float(np.linalg.norm(here)), 1e-12)
        there /= max(float(np.linalg.norm(there)), 1e-12)
        new: NDArray[np.bool_] = unit @ there > unit @ here
        if new.all() or not new.any() or bool((new == away).all()):
            break
        away = new
    leave, stay = int(count[away].sum()), int(count[~away].sum())
    if min(leave, stay) < size_min:
        return None
    gain = float(
        np.linalg.norm(sums[away].sum(0)) + np.linalg.norm(sums[~away].sum(0)) - np.linalg.norm(sums.sum(0))
    )
    return Division(gain, away if leave <= stay else ~away)


def loss(a: NDArray[np.float32], b: NDArray[np.float32]) -> float:
    """Return what it loses to join two groups with these sums."""
    apart, joined = lengths(np.stack([a, b])), lengths((a + b)[None, :])
    return float(apart.sum() - joined[0])


def cheap_joins(sums: NDArray[np.float32], may: NDArray[np.bool_], most: int) -> NDArray[np.int64]:
    """Return up to `most` pairs (m, 2) whose joining loses least, no group in two of them, the best first.

    `may` says which pairs are allowed (n, n). Costs O(n^2 d).
    """
    length = lengths(sums).astype(np.float32)
    squares = length[:, None] ** 2 + length[None, :] ** 2 + 2 * (sums @ sums.T)
    losses = length[:, None] + length[None, :] - np.sqrt(np.maximum(squares, 0))
    losses = np.where(np.triu(may, 1), losses, np.float32(np.inf))
    pairs: list[tuple[int, int]] = []
    while len(pairs) < most and losses.size:
        a, b = divmod(int(losses.argmin()), len(losses))
        if losses[a, b] == np.inf:
            break
        pairs.append((a, b))
        losses[[a, b]] = np.inf
        losses[:, [a, b]] = np.inf
    return np.array(pairs, np.int64).reshape(-1, 2)
