"""What every tier behind a cache's memory must do."""

from collections.abc import Awaitable, Callable

from homeostat.runtime.cache.tiers.tier import Item, Tier

WAIT_MS = 40

Sleep = Callable[[float], Awaitable[object]]
"""Lets time go by for the tier: a manual clock where it takes one, real time where a server keeps it."""


async def check_tier(tier: Tier, sleep: Sleep) -> None:
    """Check a tier that is empty; raises AssertionError."""
    assert list(await tier.get_many([b"none"])) == [None]
    await tier.put_many([Item(b"a", b"1", 60_000), Item(b"b", b"\x00\xff", 60_000)])
    assert list(await tier.get_many([b"b", b"none", b"a"])) == [b"\x00\xff", None, b"1"]

    await tier.put_many([Item(b"a", b"2", 60_000)])
    assert list(await tier.get_many([b"a"])) == [b"2"], "the later one holds"
    await tier.put_many([Item(b"c", b"3", 60_000), Item(b"c", b"4", 60_000)])
    assert list(await tier.get_many([b"c"])) == [b"4"], "the later one of one call holds"

    await tier.delete_many([b"a", b"none"])
    assert list(await tier.get_many([b"a", b"b"])) == [None, b"\x00\xff"]

    await tier.put_many([Item(b"short", b"5", WAIT_MS)])
    await sleep(2 * WAIT_MS / 1_000)
    assert list(await tier.get_many([b"short", b"b"])) == [None, b"\x00\xff"], "a dead one is not returned"

    many = [Item(b"m%d" % i, b"v%d" % i, 60_000) for i in range(500)]
    await tier.put_many(many)
    assert list(await tier.get_many([item.key for item in many])) == [item.body for item in many]
    large = bytes(range(256)) * 4_096
    await tier.put_many([Item(b"large", large, 60_000)])
    assert list(await tier.get_many([b"large"])) == [large]
