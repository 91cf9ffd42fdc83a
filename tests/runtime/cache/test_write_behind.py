"""Values that are written later: the latest one, and never one that was deleted."""

import asyncio
from collections.abc import Sequence

from homeostat.runtime.cache.cache import Cache
from homeostat.runtime.cache.tiers.tier import Item
from homeostat.testing.bare_host import BareHost
from homeostat.testing.eventually import until
from homeostat.testing.forked import forked


class SlowTier:
    """A tier that takes its time to write."""

    failures: tuple[type[Exception], ...] = (OSError,)
    timeout_s = 5.0

    def __init__(self, write_s: float = 0.2) -> None:
        self.write_s = write_s
        self.bodies: dict[bytes, bytes] = {}
        self.writes = asyncio.Semaphore(0)

    async def get_many(self, keys: Sequence[bytes]) -> list[bytes | None]:
        return [self.bodies.get(key) for key in keys]

    async def put_many(self, items: Sequence[Item]) -> None:
        await asyncio.sleep(self.write_s)
        self.bodies.update({item.key: item.body for item in items})

    async def delete_many(self, keys: Sequence[bytes]) -> None:
        for key in keys:
            self.bodies.pop(key, None)


def cache(tier: SlowTier) -> "Cache[str]":
    return Cache(BareHost(), "profiles", redis=tier, write_behind=True)


def test_what_is_deleted_while_it_is_being_written_does_not_come_back() -> None:
    async def main() -> None:
        tier = SlowTier()
        profiles = cache(tier)
        await profiles.set("a", "old")
        await asyncio.sleep(0.1)  # it is on its way
        await profiles.delete("a")
        await profiles.close()
        assert tier.bodies == {}

    asyncio.run(main())


def test_what_is_set_anew_after_such_a_deletion_is_kept() -> None:
    async def main() -> None:
        tier = SlowTier()
        profiles = cache(tier)
        await profiles.set("a", "old")
        await asyncio.sleep(0.1)
        await profiles.delete("a")
        await profiles.set("a", "new")
        await profiles.close()
        (body,) = tier.bodies.values()
        assert b"new" in body

    asyncio.run(main())


def test_a_forked_child_writes_its_own_values_and_not_its_parents() -> None:
    tier = SlowTier(0.3)
    profiles = cache(tier)
    profiles.sync.set("a", "parent's")

    def child() -> None:
        tier.write_s = 0.0
        profiles.sync.set("b", "child's")
        until(lambda: len(tier.bodies) == 1)

    assert forked(child) == 0
    profiles.sync.close()
    assert len(tier.bodies) == 1
