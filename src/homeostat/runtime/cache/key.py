"""Keys: what a value is found by, in memory and in the shared tiers."""

from collections.abc import Callable, Mapping
from hashlib import blake2b
from typing import Any

import msgspec

from homeostat.core.errors import ConfigError, InputError

Key = str | bytes
"""What a caller names a value by."""

MemoryKey = Key | tuple[object, str, Key]
"""A key in memory: with its tenant, where there is one, and a mark that nobody else has.

So no key of one tenant can equal one of another, whatever a caller hands in as its key.
"""

_OURS = object()

_encode = msgspec.msgpack.Encoder(order="deterministic").encode


def memory_key(tenant: str, key: Key) -> MemoryKey:
    """Return the key in memory; raise InputError for what is neither text nor bytes."""
    if not isinstance(key, str | bytes):
        raise InputError(f"a key of a cache is a text or bytes, not {type(key).__name__}")
    return (_OURS, tenant, key) if tenant else key


def tenant_and_key(key: MemoryKey) -> tuple[str, Key]:
    """Return the tenant and the key that a key in memory was made of; raise InputError for any other."""
    if isinstance(key, str | bytes):
        return "", key
    if isinstance(key, tuple) and key and key[0] is _OURS:
        return key[1], key[2]
    raise InputError(f"a key of a cache is a text or bytes, not {type(key).__name__}")


def arguments_key(args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> bytes:
    """Return the key of a call: equal for equal arguments, in every process.

    Raises InputError for arguments that have no canonical form, such as objects of one's own.
    """
    try:
        return _encode((args, kwargs)) if kwargs else _encode(args)
    except (TypeError, ValueError, OverflowError) as error:
        raise InputError(
            f"these arguments make no key: {error}; give the cache a `key` function of the arguments"
        ) from error


def shared_key(namespace: str, tenant: str, key: Key) -> bytes:
    """Return the key for tiers that others read too: a digest, so that no content shows in it.

    Each part goes in with its length, so that no two of (namespace, tenant, key) meet in one.
    """
    digest = blake2b(digest_size=24)
    raw = key.encode() if isinstance(key, str) else key
    kind = b"s" if isinstance(key, str) else b"b"
    for part in (namespace.encode(), tenant.encode(), kind + raw):
        digest.update(len(part).to_bytes(8, "big"))
        digest.update(part)
    return digest.hexdigest().encode()


def checked_name(what: str, name: str) -> str:
    """Return a name that may stand in knobs and metrics; raise ConfigError for others."""
    if not isinstance(name, str) or not name.isidentifier():
        raise ConfigError(f"{what} has letters, digits and _, such as 'profiles', not {name!r}")
    return name


KeyOf = Callable[..., Key]
"""Makes the key of a call from its arguments."""
