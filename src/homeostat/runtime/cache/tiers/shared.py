"""The shared tiers together: read in order, written all, each under its guard."""

import threading
from collections.abc import Callable, Mapping, Sequence

import msgspec

from homeostat.core.clock import Clock
from homeostat.runtime.cache.key import shared_key
from homeostat.runtime.cache.observation import Observation
from homeostat.runtime.cache.serialiser import Sealed, decode_sealed
from homeostat.runtime.cache.tag_book import new_stamp
from homeostat.runtime.cache.tiers.guard import TierGuard
from homeostat.runtime.cache.tiers.tier import Closable, Item

OWED_MAX = 10_000
"""Writes that one tier is owed while it is away; beyond, they are dropped and counted."""

STAMP_KEPT_S = 366 * 86_400.0
"""How long a stamp is kept at least: longer than any value that carries it should live."""


class SharedTiers:
    """Redis and the database, whichever there are. Nothing here raises because a tier is away.

    What a tier missed while it was away (values that changed, deletions, stamps) is made up for before it is
    read again, as long as this process lives.
    """

    def __init__(
        self, guards: Sequence[TierGuard], namespace: str, clock: Clock, observation: Observation
    ) -> None:
        self.guards = tuple(guards)
        self._namespace = namespace
        self._clock = clock
        self._observation = observation
        self._lock = threading.Lock()
        self._owed: dict[str, dict[bytes, Item | None]] = {guard.name: {} for guard in guards}
        self._paying: set[str] = set()

    def now_ms(self) -> int:
        """Return the wall time."""
        return self._clock.now_ns() // 1_000_000

    async def read(self, key: bytes) -> tuple[Sealed, Callable[[float], None]] | None:
        """Return a value that is not dead, from the first tier that has it, and what counts it as a hit.

        Tiers before that one get it too.
        """
        behind: list[TierGuard] = []
        for guard in self.guards:
            found = await self._get(guard, (key,))
            body = found[0] if found else None
            if body is not None and (sealed := self._opened(body)) is not None:
                kept_ms = sealed.dead_ms - self.now_ms()
                if kept_ms > 0:
                    for earlier in behind:
                        if not await self._write(earlier, (Item(key, body, kept_ms),)):
                            self._owe(earlier, {key: None})
                    return sealed, guard.hits.add
            behind.append(guard)
        return None

    async def put(self, items: Sequence[Item]) -> None:
        """Keep values in all tiers."""
        for guard in self.guards:
            if not await self._write(guard, items):
                self._owe(guard, {item.key: None for item in items})

    async def delete(self, keys: Sequence[bytes]) -> None:
        """Forget keys in all tiers."""
        for guard in self.guards:
            if not await self._delete(guard, keys):
                self._owe(guard, dict.fromkeys(keys))

    async def stamps(self, tags: Sequence[str]) -> Mapping[str, str] | None:
        """Return the stamps of tags, new ones where there are none; None where no tier answers."""
        keys = [self._tag_key(tag) for tag in tags]
        for guard in self.guards:
            found = await self._get(guard, keys)
            if found is None:
                continue
            known = {tag: body.decode() for tag, body in zip(tags, found, strict=True) if body is not None}
            missing = {tag: new_stamp() for tag in tags if tag not in known}
            if missing:
                await self.stamp(missing)
            return {**known, **missing}
        return None

    async def stamp(self, stamps: Mapping[str, str]) -> None:
        """Give tags these stamps in all tiers."""
        items = [
            Item(self._tag_key(tag), stamp.encode(), int(STAMP_KEPT_S * 1_000))
            for tag, stamp in stamps.items()
        ]
        for guard in self.guards:
            if not await self._write(guard, items):
                self._owe(guard, {item.key: item for item in items})

    async def close(self) -> None:
        """Give back what the tiers hold in the running loop."""
        for guard in self.guards:
            if isinstance(guard.tier, Closable):
                await guard.tier.close()

    def _tag_key(self, tag: str) -> bytes:
        return shared_key(f"#tags:{self._namespace}", "", tag)  # no cache has a name that begins so

    def _opened(self, body: bytes) -> Sealed | None:
        try:
            return decode_sealed(body)
        except msgspec.MsgspecError:
            self._observation.undecodable.add(1)
            return None

    async def _get(self, guard: TierGuard, keys: Sequence[bytes]) -> Sequence[bytes | None] | None:
        if self._owed[guard.name] and not guard.resting and not await self._paid(guard):
            return None
        return await guard.call(lambda: guard.tier.get_many(keys))

    async def _write(self, guard: TierGuard, items: Sequence[Item]) -> bool:
        if not self._owed_no_more(guard, [item.key for item in items]):
            return False
        return await guard.done(lambda: guard.tier.put_many(items))

    async def _delete(self, guard: TierGuard, keys: Sequence[bytes]) -> bool:
        if not self._owed_no_more(guard, keys):
            return False
        return await guard.done(lambda: guard.tier.delete_many(keys))

    def _owed_no_more(self, guard: TierGuard, keys: Sequence[bytes]) -> bool:
        """Take keys that are written now off what is owed; False while that is paid: they are owed next."""
        with self._lock:
            if guard.name in self._paying:
                return False
            owed = self._owed[guard.name]
            for key in keys:
                owed.pop(key, None)
            return True

    def _owe(self, guard: TierGuard, writes: Mapping[bytes, Item | None]) -> None:
        with self._lock:
            owed = self._owed[guard.name]
            owed.update(writes)
            while len(owed) > OWED_MAX:
                del owed[next(iter(owed))]
                self._observation.writes_dropped.add(1)

    async def _paid(self, guard: TierGuard) -> bool:
        """Write what a tier missed, one at a time; tell whether it has all of it now."""
        with self._lock:
            if guard.name in self._paying:
                return False
            self._paying.add(guard.name)
            owed = dict(self._owed[guard.name])
        try:
            return await self._pay(guard, owed)
        finally:
            with self._lock:
                self._paying.discard(guard.name)

    async def _pay(self, guard: TierGuard, owed: Mapping[bytes, Item | None]) -> bool:
        items = [item for item in owed.values() if item is not None]
        gone = [key for key, item in owed.items() if item is None]
        if items and not await guard.done(lambda: guard.tier.put_many(items)):
            return False
        if gone and not await guard.done(lambda: guard.tier.delete_many(gone)):
            return False
        with self._lock:
            now = self._owed[guard.name]
            for key, item in owed.items():
                if key in now and now[key] is item:
                    del now[key]
        return True
