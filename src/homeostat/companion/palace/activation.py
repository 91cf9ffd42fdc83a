"""Activation: how present a memory is, by how often and how lately it was used."""

import numpy as np
from numpy.typing import NDArray

US_A_SECOND = 1e6
THRESHOLD = -6.0
NOISE = 1.0
"""With a decay of 0.5 a memory that was never used is as likely as not to come to mind two days later."""


def base_level(
    uses: NDArray[np.int64],
    at_us: NDArray[np.int64],
    used_us: NDArray[np.int64],
    now_us: int,
    decay: float,
) -> NDArray[np.float64]:
    """Return the base-level activation of memories, ln of the sum of (seconds since a use)^-decay.

    To come into being is the first use. ACT-R's sum over all uses (Anderson and Lebiere 1998) is approached
    in O(1) and 10 bytes a memory by the last use as it was and the others spread evenly since the beginning
    (Petrov 2006, with one recent use); exact for one and two uses. Times below a second count as one.
    """
    age = np.maximum((now_us - at_us) / US_A_SECOND, 1.0)
    since = np.minimum(np.maximum((now_us - used_us) / US_A_SECOND, 1.0), age)
    last = since**-decay
    others = np.asarray(uses, np.float64)
    apart = age - since
    spread = np.where(
        (others > 1) & (apart > 1e-6),
        (age ** (1 - decay) - since ** (1 - decay)) / ((1 - decay) * np.maximum(apart, 1e-6)),
        age**-decay,
    )
    total: NDArray[np.float64] = np.log(last + others * spread)
    return total


def strength(activation: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the probability, 0 to 1, that a memory with this activation comes to mind (ACT-R's logistic)."""
    chance: NDArray[np.float64] = 1.0 / (1.0 + np.exp(-(activation - THRESHOLD) / NOISE))
    return chance
