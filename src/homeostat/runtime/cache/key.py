"""Keys: what a value is found by, in memory and in the shared tiers."""

from collections.abc import Callable, Mapping
from hashlib import blake2b
from typing import Any

import msgspec

from homeostat.core.errors import ConfigError, InputError

Key = str | bytes
"""What a caller names a value by."""

MemoryKey = Key | tuple[str, Key]
"""A key in memory: with its tenant, where there is one, so that no key of one can equal one of another."""

_encode = msgspec.msgpack.Encoder(order="deterministic").encode


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
