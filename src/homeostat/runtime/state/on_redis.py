"""The shelf in Redis: one hash a kind, and a script that compares and sets."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import redis
from redis.exceptions import RedisError

from homeostat.core.errors import NotAvailable

SWAP = """
local now = redis.call('HGET', KEYS[1], ARGV[1])
if (now or '') ~= ARGV[2] then return 0 end
redis.call('HSET', KEYS[1], ARGV[1], ARGV[3])
return 1
"""


class RedisShelf:
    """A `Shelf` in Redis, as durable as the server is set to be. Safe for threads."""

    def __init__(self, address: str) -> None:
        """Connect. Raises NotAvailable where the server does not answer."""
        self._redis: Any = redis.Redis.from_url(address, socket_connect_timeout=5.0, socket_timeout=10.0)
        self._swap = self._redis.register_script(SWAP)
        with _translated():
            self._redis.ping()

    def list(self, kind: str, after: str, limit: int) -> dict[str, bytes]:
        """Return up to `limit` of a kind that follow `after`."""
        with _translated():
            found = {name.decode(): blob for name, blob in self._redis.hgetall(_key(kind)).items()}
        names = sorted(name for name in found if name > after)[:limit]
        return {name: found[name] for name in names}

    def swap(self, kind: str, name: str, before: bytes | None, after: bytes) -> bool:
        """Put a blob in place of another one."""
        with _translated():
            return bool(self._swap(keys=[_key(kind)], args=[name, before or b"", after]))

    def close(self) -> None:
        """Close the connections."""
        self._redis.close()


def _key(kind: str) -> str:
    return f"homeostat.state.{kind}"


@contextmanager
def _translated() -> Iterator[None]:
    try:
        yield
    except (RedisError, OSError) as error:
        raise NotAvailable(f"the Redis that keeps the state does not answer as it should: {error}") from error
