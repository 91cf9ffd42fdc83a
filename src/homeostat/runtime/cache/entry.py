"""The entry: one value in memory, with its times, its weight and what its policy notes about it."""

import msgspec

from homeostat.runtime.cache.key import MemoryKey

NEVER_NS = (1 << 63) - 1

Stamps = tuple[tuple[str, str], ...]
"""Tags, each with the stamp that it had before the value was loaded."""


class Entry(msgspec.Struct):
    """A value and until when it may be served; changed in place when its key is set again.

    Times are readings of the monotonic clock: up to `served_ns` it is served without a second look, up to
    `fresh_ns` once its tags were looked at, up to `dead_ns` while a newer one is loaded. `visits`, `place`
    and `era` belong to the policy; shadows see the entries that are `sampled`. Where `failed`, the value is
    an error.
    """

    key: MemoryKey
    value: object
    weight: int = 1
    served_ns: int = NEVER_NS
    fresh_ns: int = NEVER_NS
    dead_ns: int = NEVER_NS
    visits: int = 0
    place: int = 0
    era: int = 0
    sampled: bool = False
    stamps: Stamps = ()
    failed: bool = False
