"""The second tier: Redis, through redis-py's asyncio client."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from homeostat.core.errors import ConfigError, NotAvailable
from homeostat.runtime.cache.tiers.per_loop import PerLoop
from homeostat.runtime.cache.tiers.tier import Item

if TYPE_CHECKING:
    from redis.asyncio import Redis

CONNECTIONS_MAX = 32

_HELD = "if redis.call('get', KEYS[1]) ~= ARGV[1] then return 0 end "
_RENEW = _HELD + "return redis.call('pexpire', KEYS[1], ARGV[2])"
_RELEASE = _HELD + "return redis.call('del', KEYS[1])"


class RedisTier:
    """Values in Redis, each with its expiry; also the leases of single flight across processes.

    `timeout_s` bounds connecting and each answer; nothing is tried twice. Keys begin with `prefix`. Raises
    ConfigError for an address that is none, NotAvailable where the package is not installed.
    """

    def __init__(self, url: str, *, timeout_s: float = 0.1, prefix: str = "homeostat:cache:") -> None:
        if not url.startswith(("redis://", "rediss://", "unix://")):
            begins = url.partition("://")[0][:20]  # the rest may hold a password
            raise ConfigError(
                f"the address of Redis begins with redis://, rediss:// or unix://, not {begins!r}"
            )
        if not 0.0 < timeout_s <= 60.0:
            raise ConfigError(f"timeout_s of Redis must be above 0, up to 60, not {timeout_s!r}")
        self.timeout_s = timeout_s
        self._url = url
        self._prefix = prefix.encode()
        self._clients: PerLoop[Redis] = PerLoop(self._client)
        try:
            from redis.asyncio.connection import parse_url
            from redis.exceptions import RedisError
        except ImportError as error:
            raise NotAvailable("Redis needs a package: pip install 'homeostat[redis]'") from error
        try:
            parse_url(url)
        except ValueError as error:
            raise ConfigError(f"the address of Redis is no redis://host:port/number: {error}") from None
        self.failures: tuple[type[Exception], ...] = (RedisError,)

    def _client(self) -> "Redis":
        from redis.asyncio import Redis
        from redis.asyncio.retry import Retry
        from redis.backoff import NoBackoff

        return Redis.from_url(
            self._url,
            max_connections=CONNECTIONS_MAX,
            socket_timeout=self.timeout_s,
            socket_connect_timeout=self.timeout_s,
            retry=Retry(NoBackoff(), 0),
        )

    async def get_many(self, keys: Sequence[bytes]) -> Sequence[bytes | None]:
        """Return what is there of each key: one round trip."""
        found: Any = await self._clients.get().mget([self._prefix + key for key in keys])
        return list(found)

    async def put_many(self, items: Sequence[Item]) -> None:
        """Keep values until their time is over: one round trip."""
        client = self._clients.get()
        if len(items) == 1:
            item = items[0]
            await client.set(self._prefix + item.key, item.body, px=max(1, item.kept_ms))
            return
        pipe = client.pipeline(transaction=False)
        for item in items:
            pipe.set(self._prefix + item.key, item.body, px=max(1, item.kept_ms))
        await pipe.execute()

    async def delete_many(self, keys: Sequence[bytes]) -> None:
        """Forget keys: one round trip."""
        await self._clients.get().unlink(*(self._prefix + key for key in keys))

    async def acquire(self, key: bytes, token: bytes, held_ms: int) -> bool:
        """Tell whether the lease was free and is held under this token now."""
        return bool(await self._clients.get().set(self._lease(key), token, nx=True, px=held_ms))

    async def renew(self, key: bytes, token: bytes, held_ms: int) -> bool:
        """Hold the lease for longer, unless somebody else has it."""
        client: Any = self._clients.get()
        return bool(await client.eval(_RENEW, 1, self._lease(key), token, held_ms))

    async def release(self, key: bytes, token: bytes) -> None:
        """Give the lease back, unless somebody else has it."""
        client: Any = self._clients.get()
        await client.eval(_RELEASE, 1, self._lease(key), token)

    async def close(self) -> None:
        """Close the connections of the running loop."""
        client = self._clients.pop()
        if client is not None:
            await client.aclose()

    def _lease(self, key: bytes) -> bytes:
        return self._prefix + b"lease:" + key
