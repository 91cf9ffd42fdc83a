"""The assignment: which arm of a trial a user or request belongs to.

It is a pure function of the trial's name and the unit, so that every process and thread agrees, a user keeps
the arm, and trials are independent of each other: each has a salt of its own. A unit is a point of a
sequence with the salt as its seed, of which SplitMix64 makes the position from 0 to 1 (Steele, Lea and
Flood, OOPSLA 2014); a text is first made a number by BLAKE2b.
"""

from functools import lru_cache
from hashlib import blake2b
from typing import TYPE_CHECKING

from homeostat.core.errors import InputError
from homeostat.core.plant import CONTROL, TREATMENT

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

MASK = 0xFFFF_FFFF_FFFF_FFFF
GAMMA = 0x9E37_79B9_7F4A_7C15
FIRST = 0xBF58_476D_1CE4_E5B9
SECOND = 0x94D0_49BB_1331_11EB

SALTS_MAX = 1_024
"""Trials whose salt is remembered."""


def unit_number(unit: str | bytes | int) -> int:
    """Return the number from 0 to below 2^64 that stands for a user or request."""
    if isinstance(unit, int):
        return unit & MASK
    encoded = unit.encode("utf-8", "surrogatepass") if isinstance(unit, str) else unit
    return int.from_bytes(blake2b(encoded, digest_size=8).digest(), "little")


@lru_cache(maxsize=SALTS_MAX)
def salt_of(trial: str) -> int:
    """Return the trial's own number, drawn from its name."""
    return unit_number(b"homeostat.trial\0" + trial.encode("utf-8", "surrogatepass"))


def threshold_of(share: float) -> int:
    """Return the number below which a mixed unit is treatment; raise InputError where it is no share."""
    if not 0.0 <= share <= 1.0:
        raise InputError(f"the share of a trial lies from 0 to 1, not {share!r}")
    return int(share * 2.0**64)


def mixed(salt: int, number: int) -> int:
    """Return 64 bits that a salt and a unit's number determine, and that look drawn at random."""
    z = (salt + number * GAMMA) & MASK
    z = ((z ^ (z >> 30)) * FIRST) & MASK
    z = ((z ^ (z >> 27)) * SECOND) & MASK
    return z ^ (z >> 31)


def assign(trial: str, unit: str | bytes | int, share: float) -> int:
    """Return TREATMENT for the share `share` of all units, CONTROL for the others.

    A larger share only moves units into the treatment, none out of it. An integer and the text of it are
    different units.

    >>> [assign("cache", user, 0.5) for user in ("ann", "bob", "eve", "joe")]
    [1, 0, 0, 0]
    """
    return TREATMENT if mixed(salt_of(trial), unit_number(unit)) < threshold_of(share) else CONTROL


def assign_many(trial: str, units: "NDArray[np.uint64]", share: float) -> "NDArray[np.int8]":
    """Return the arms of many units at once: what `assign` says of each number."""
    import numpy as np

    threshold = threshold_of(share)
    with np.errstate(over="ignore"):
        z = np.uint64(salt_of(trial)) + units.astype(np.uint64) * np.uint64(GAMMA)
        z = (z ^ (z >> np.uint64(30))) * np.uint64(FIRST)
        z = (z ^ (z >> np.uint64(27))) * np.uint64(SECOND)
        z ^= z >> np.uint64(31)
    if threshold > MASK:
        return np.full(len(units), TREATMENT, np.int8)
    return np.where(z < np.uint64(threshold), np.int8(TREATMENT), np.int8(CONTROL))
