"""The gap: a silence that is unusual for this person, and how unusual."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from homeostat.companion.archaeology.rhythm import (
    MINUTE_US,
    Rhythm,
    Spread,
    Yardstick,
    expected_visits,
    yardstick,
)
from homeostat.companion.store.people import Memory, Pause
from homeostat.core.interval import Interval
from homeostat.stats.wilson_interval import wilson_interval

Floats = NDArray[np.float64]
Kind = Literal["turn", "silence"]

EXPECTED_MAX = 0.05
"""A pause is unusual where surely fewer than so many of its length were to be expected in all."""

READ_MAX = 2_048
"""The longest pauses that are looked at."""

_HIGH = 1.5
_Z95 = 1.6448536269514722
_MEDIAN_VAR, _SCALE_VAR, _COVARIANCE = 1.5708, 1.866, 0.6685
"""Of a normal's median and of its scale taken from the median and the ninth decile: times n, per variance."""


@dataclass(frozen=True, slots=True)
class Gap:
    """An unusual silence between the messages `before` and `after` (their seqs).

    A `turn` is a pause within a running talk, measured by its length; a `silence` lies between talks and is
    measured by the visits that the person's week lets expect in it. `usual` is the median of their own, in
    the same unit as `size`: seconds for a turn, visits for a silence. `longer` is the share of their own
    that were at least as long, `expected` how many were to be expected, at most (95%).
    """

    before: int
    after: int
    begin_us: int
    end_us: int
    kind: Kind
    size: float
    usual: float
    longer: Interval
    expected: float


def gaps(memory: Memory, rhythm: Rhythm, limit: int = 20) -> list[Gap]:
    """Return the most unusual silences of a memory, the most unusual first; none while too little is known.

    Window functions in the store tell the pauses; the person's own rhythm judges them. Guarantee: of a
    person whose silences, measured in their own visits, are spread about lognormally or with lighter tails
    (exponentially, say), a history without a real gap has one told in about 5% of cases at most (simulated).
    Does not hold where the rhythm changes within the pauses that are remembered: then the longest silences
    of the quieter time are told. Cost: 8 ms for 10,000 messages.
    """
    usual = yardstick(rhythm)
    shortest = _shortest_us(usual)
    if shortest is None:
        return []
    pauses = memory.pauses.longest(READ_MAX, shortest, by_talk=False)
    found = judged(pauses, usual, rhythm)
    return sorted(found, key=lambda gap: (gap.expected, gap.begin_us))[:limit]


def _shortest_us(usual: Yardstick) -> int | None:
    """Return a length below which no pause is unusual; None where none can be."""
    if usual.turns.known:
        return max(int(_unusual_from(usual.turns)), 1)
    if usual.silences.known:
        return 1 if usual.named else max(int(usual.turn_us), 1)
    return None


def _unusual_from(spread: Spread) -> float:
    """Return the size from which on one is surely unusual, by halving: less is expected of greater ones."""
    low, high = 0.0, 60.0
    for _ in range(40):
        z = (low + high) / 2.0
        if spread.ordered.size * _tail(_surely(z, spread.ordered.size)) > EXPECTED_MAX:
            low = z
        else:
            high = z
    return math.exp(spread.log_median + high * spread.log_scale)


def judged(pauses: Sequence[Pause], usual: Yardstick, rhythm: Rhythm) -> list[Gap]:
    """Return those of the pauses that are unusual."""
    if not pauses:
        return []
    begin = np.array([p.begin_us for p in pauses], dtype=np.int64)
    length = np.array([p.end_us for p in pauses], dtype=np.int64) - begin
    silent = length > usual.turn_us
    if usual.named:
        silent = _changes_talk(np.array([p.after for p in pauses], dtype=np.int64), rhythm, silent)
    visits = expected_visits(usual.visits_by_hour, begin + rhythm.offset_min * MINUTE_US, length)
    known = max(rhythm.lengths.size, 1)
    found: list[Gap] = []
    kinds: tuple[tuple[Kind, NDArray[np.bool_], Spread, Floats, float], ...] = (
        ("turn", ~silent, usual.turns, length.astype(np.float64), 1e-6),
        ("silence", silent, usual.silences, visits, 1.0),
    )
    for kind, of_kind, spread, sizes, unit in kinds:
        if spread.known:
            expected = _expected_most(spread, sizes) * rhythm.ended / known
            unusual = np.flatnonzero(of_kind & (expected < EXPECTED_MAX)).tolist()
            found += [
                _gap(pauses[i], kind, spread, float(sizes[i]), unit, float(expected[i])) for i in unusual
            ]
    return found


def _gap(pause: Pause, kind: Kind, spread: Spread, size: float, unit: float, expected: float) -> Gap:
    n = spread.ordered.size
    longer = wilson_interval(n - int(np.searchsorted(spread.ordered, size)), n)
    assert longer is not None
    usual = math.exp(spread.log_median) * unit
    return Gap(
        pause.before, pause.after, pause.begin_us, pause.end_us, kind, size * unit, usual, longer, expected
    )


def _changes_talk(
    afters: NDArray[np.int64], rhythm: Rhythm, otherwise: NDArray[np.bool_]
) -> NDArray[np.bool_]:
    """Return whether pauses lie between two talks, by their ends; `otherwise` for those not remembered."""
    at = np.searchsorted(rhythm.afters, afters).clip(max=rhythm.afters.size - 1)
    return np.where(rhythm.afters[at] == afters, ~rhythm.stays[at], otherwise)


def _expected_most(spread: Spread, sizes: Floats) -> Floats:
    """Return how many of each size were to be expected at most (95%), by the tail of a lognormal.

    Fitted to the median and the ninth decile, which the gap itself hardly moves. Both are uncertain: their
    standard errors, as of order statistics of a normal, go into the tail.
    """
    n = spread.ordered.size
    z = (np.log(np.maximum(sizes, 1e-9)) - spread.log_median) / spread.log_scale
    expected = np.full(z.size, float(n))
    high = np.flatnonzero(z > _HIGH)  # half of all lie below zero: no need to say how many exactly
    expected[high] = [n * _tail(_surely(value, n)) for value in z[high].tolist()]
    return expected


def _surely(z: float, n: int) -> float:
    """Return what a standard score from `n` values is at least, with 95%."""
    return z - _Z95 * math.sqrt((_MEDIAN_VAR + z * z * _SCALE_VAR - 2.0 * z * _COVARIANCE) / n)


def _tail(z: float) -> float:
    """Return the share of a normal distribution that lies above."""
    return math.erfc(z / math.sqrt(2.0)) / 2.0
