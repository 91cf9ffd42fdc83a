"""The background: how people write on average, and which traits stay with one; learned once, and shipped.

The table is `background.npz`, written by `benchmarks/companion_authors.py`; decision 0073 says from what.
"""

from dataclasses import dataclass
from functools import cache
from importlib.resources import files

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Trait:
    """What is expected of counts of one kind, by feature, each array of shape (features,).

    `rate` is the mean rate, `spread` the squared coefficient of variation between authors, `weight` the
    square root of how far two parts of one author's messages agree.
    """

    rate: Floats
    spread: Floats
    weight: Floats

    def surprise(self, counts: NDArray[np.float64], exposure: NDArray[np.float64]) -> Floats:
        """Return Pearson residuals of counts (of a negative binomial law), cut at 5 either way."""
        expected = exposure * self.rate
        found = (counts - expected) / np.sqrt(expected + expected * expected * self.spread + 1e-9)
        return np.clip(found, -5.0, 5.0).astype(np.float32)


@dataclass(frozen=True, slots=True)
class Background:
    """The traits, the direction in which all voices differ most (of shape (grams,)), and the judge's numbers.

    `coefficients` turn the likeness of two voices into log odds, in the order that `likeness` has.
    """

    grams: Trait
    words: Trait
    habits: Trait
    direction: Floats
    coefficients: NDArray[np.float64]


def pack(background: Background) -> dict[str, NDArray[np.generic]]:
    """Return the arrays as they are shipped: rates as logarithms of half precision, weights as bytes."""
    arrays: dict[str, NDArray[np.generic]] = {
        "direction": np.round(background.direction / np.abs(background.direction).max() * 127).astype(
            np.int8
        ),
        "coefficients": background.coefficients.astype(np.float64),
    }
    for name in ("grams", "words", "habits"):
        trait: Trait = getattr(background, name)
        arrays[f"{name}_rate"] = np.log(trait.rate).astype(np.float16)
        arrays[f"{name}_spread"] = trait.spread.astype(np.float16)
        arrays[f"{name}_weight"] = np.round(np.clip(trait.weight, 0.0, 1.0) * 255).astype(np.uint8)
    if np.ptp(arrays["grams_spread"].astype(np.float64)) == 0.0:
        arrays["grams_spread"] = arrays["grams_spread"][:1]
    return arrays


def unpack(arrays: dict[str, NDArray[np.generic]]) -> Background:
    """Return the background from the arrays that `pack` gave."""

    def trait(name: str) -> Trait:
        rate = np.exp(arrays[f"{name}_rate"].astype(np.float32))
        spread = np.broadcast_to(arrays[f"{name}_spread"].astype(np.float32), rate.shape)
        return Trait(rate, spread, arrays[f"{name}_weight"].astype(np.float32) / np.float32(255))

    direction = arrays["direction"].astype(np.float32)
    return Background(
        trait("grams"),
        trait("words"),
        trait("habits"),
        direction / np.linalg.norm(direction),
        arrays["coefficients"].astype(np.float64),
    )


@cache
def shipped() -> Background:
    """Return the background that comes with the package."""
    with (files(__package__) / "background.npz").open("rb") as file, np.load(file) as arrays:
        return unpack(dict(arrays))
