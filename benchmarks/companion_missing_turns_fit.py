"""Learn the weights of the ranking: `python -m benchmarks.companion_missing_turns_fit DATA`."""

import sys
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmarks.companion_missing_turns import locomo, told
from homeostat.companion.archaeology.reconstruction.traits import MEANING, NAMES
from homeostat.runtime.embed.minilm import MiniLm
from homeostat.testing.bare_host import BareHost

Floats = NDArray[np.float64]
PENALTY = 30.0
"""Of the squared weights of traits with a spread of one: the better of 3, 10, 30, 100 across both talks."""


def fitted(rows: Floats, penalty: float = PENALTY) -> Floats:
    """Return weights under which the first candidate of each row is the likeliest to be the one.

    Conditional logit with a ridge, by Newton's method. `rows` is (gaps, candidates, traits).
    """
    spread = (rows - rows.mean(axis=1, keepdims=True)).reshape(-1, rows.shape[2]).std(axis=0) + 1e-9
    rows = rows / spread
    weights = np.zeros(rows.shape[2])
    for _ in range(30):
        shares = probabilities(rows, weights)
        mean = np.einsum("nk,nkm->nm", shares, rows)
        apart = rows - mean[:, None]
        slope = (rows[:, 0] - mean).sum(axis=0) - penalty * weights
        bend = np.einsum("nk,nkm,nkl->ml", shares, apart, apart, optimize=True)
        step = np.linalg.solve(bend + penalty * np.eye(weights.size), slope)
        weights += step
        if np.abs(step).max() < 1e-6:
            break
    return np.asarray(weights / spread)


def probabilities(rows: Floats, weights: Floats) -> Floats:
    """Return the probability of each candidate of each gap."""
    odds = rows @ weights
    odds = np.exp(odds - odds.max(axis=1, keepdims=True))
    return np.asarray(odds / odds.sum(axis=1, keepdims=True))


def accuracy(shares: Floats) -> float:
    """Return how often the likeliest candidate is the first, which is the true one."""
    return float((shares.argmax(axis=1) == 0).mean())


def calibration_error(sure: Floats, right: NDArray[np.bool_], bins: int = 10) -> float:
    """Return the expected calibration error of probabilities of being right, in equal bins."""
    which = np.minimum((sure * bins).astype(int), bins - 1)
    apart = [
        (which == b).mean() * abs(sure[which == b].mean() - right[which == b].mean())
        for b in set(which.tolist())
    ]
    return float(sum(apart))


def likeliest_error(shares: Floats) -> float:
    """Return the calibration error of the likeliest candidate's probability; the first is the true one."""
    return calibration_error(shares.max(axis=1), shares.argmax(axis=1) == 0)


def main() -> None:
    """Learn from the first two talks, both draws together, and print the weights."""
    talks = locomo(Path(sys.argv[1]) / "locomo" / "locomo_first5.json", MiniLm(BareHost()))
    rows = {draw: [told(one, draw)[0] for one in talks] for draw in ("any", "nearest")}
    for name, columns in (
        ("meaning", list(range(len(NAMES)))),
        ("words", [i for i, trait in enumerate(NAMES) if trait not in MEANING]),
    ):
        weights = fitted(np.concatenate([r[..., columns] for draw in rows.values() for r in draw[:2]]))
        for draw, found in rows.items():
            shares = [probabilities(r[..., columns], weights) for r in found]
            whole = np.concatenate(shares[2:])
            each = ", ".join(f"{accuracy(s):.3f}" for s in shares)
            print(f"# {name} {draw}: {accuracy(whole):.3f} (talks {each}), ECE {likeliest_error(whole):.3f}")
            crossed = [fitted(found[k][..., columns]) for k in (0, 1)]
            both = [accuracy(probabilities(found[1 - k][..., columns], crossed[k])) for k in (0, 1)]
            print(f"#   across the two talks learned from: {both[0]:.3f}, {both[1]:.3f}")
        print(f"[{name}]")
        for column, weight in zip(columns, weights.tolist(), strict=True):
            print(f"{NAMES[column]} = {weight:.3f}")
        print()


if __name__ == "__main__":
    main()
