"""The tally: how often each key came, of the keys that came most; the rest within a bound that is known."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Keys = NDArray[np.uint64]
Ints = NDArray[np.int64]

_SPREAD = np.uint64(0x9E3779B97F4A7C15)


@dataclass(frozen=True, slots=True)
class Tally:
    """Keys with their counts, in no order.

    Guarantee (lossy counting: Manku and Motwani, VLDB 2002, with the room given instead of the error): a key
    here came at least `counts` and at most `counts + lacks` times; one that is not here came at most `floor`
    times. While fewer keys came than there is room for, all is exact. `latest` is where each came last.
    """

    keys: Keys
    counts: Ints
    lacks: Ints
    latest: Ints
    total: int
    floor: int

    def count(self, key: int) -> tuple[int, int]:
        """Return the least and the most often that a key may have come."""
        at = np.flatnonzero(self.keys == np.uint64(key))
        if not at.size:
            return 0, self.floor
        return int(self.counts[at[0]]), int(self.counts[at[0]] + self.lacks[at[0]])

    def most(self, limit: int) -> NDArray[np.intp]:
        """Return the indices of the keys that came most, the latest first among those equal."""
        return np.lexsort((-self.latest, -self.counts))[:limit]


_NONE = np.empty(0, dtype=np.int64)
EMPTY = Tally(np.empty(0, dtype=np.uint64), _NONE, _NONE, _NONE, 0, 0)


def tallied(tally: Tally, keys: Keys, places: Ints, room: int) -> Tally:
    """Return the tally with one more for each of `keys`, which came at `places`, in this order.

    Up to twice `room` keys are kept, then cut to `room`. Cost: about 40 ns a key.
    """
    known = tally.keys.size
    joined = np.concatenate((tally.keys, keys))
    last, of = grouped(joined)
    counts = np.bincount(of[known:], minlength=last.size).astype(np.int64)
    counts[of[:known]] += tally.counts
    lacks = np.full(last.size, tally.floor)
    lacks[of[:known]] = tally.lacks
    latest = np.concatenate((tally.latest, places))[last]
    return _cut(Tally(joined[last], counts, lacks, latest, tally.total + keys.size, tally.floor), room)


def _cut(tally: Tally, room: int) -> Tally:
    """Return the tally without those that came least, where there are too many."""
    if tally.keys.size <= 2 * room:
        return tally
    most = tally.counts + tally.lacks
    floor = int(np.partition(most, most.size - room - 1)[most.size - room - 1])
    kept = np.flatnonzero(most > floor)
    return Tally(
        tally.keys[kept], tally.counts[kept], tally.lacks[kept], tally.latest[kept], tally.total, floor
    )


def grouped(keys: Keys) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    """Return where each different key stands last, and for each key the number of its kind.

    Keys write their place into the slot that some of their bits name: those that find their own key there
    are told apart, the few others try again with other bits. Three times as fast as to sort them.
    """
    bits = max(keys.size.bit_length(), 8)
    slots = np.empty(1 << bits, dtype=np.int32)
    spread = _SPREAD
    of = np.empty(keys.size, dtype=np.int32)
    left = np.arange(keys.size, dtype=np.int32)
    lasts: list[NDArray[np.int32]] = []
    found = 0
    while left.size:
        slot = ((keys * spread) >> np.uint64(64 - bits)).astype(np.int32)
        order = np.arange(left.size, dtype=np.int32)
        slots[slot] = order  # of those that share a slot, the last stays
        head = slots[slot]
        last = np.flatnonzero(head == order)
        number = np.empty(left.size, dtype=np.int32)
        number[last] = np.arange(found, found + last.size, dtype=np.int32)
        of[left] = number[head]  # that of another key where the slot is another's: set again below
        lasts.append(left[last])
        found += last.size
        other = np.flatnonzero(keys[head] != keys)
        left, keys = left[other], keys[other]
        spread = np.uint64((int(spread) * 0xD1342543DE82EF95) % 2**64)
    return (np.concatenate(lasts) if lasts else left), of
