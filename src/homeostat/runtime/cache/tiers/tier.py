"""The tier: where values are kept for other processes, and for later ones."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol, runtime_checkable


@dataclass(frozen=True, slots=True)
class Item:
    """A value as bytes under its key, and for how many ms it is kept at most."""

    key: bytes
    body: bytes
    kept_ms: int


class Tier(Protocol):
    """Bytes by key, from any event loop. What fails or takes too long raises; its guard decides what then.

    `failures` are the errors that say that the tier, not the call, is at fault, besides OSError; a call that
    takes longer than `timeout_s` is one of them.
    """

    failures: tuple[type[Exception], ...]
    timeout_s: float

    async def get_many(self, keys: Sequence[bytes]) -> Sequence[bytes | None]:
        """Return what is there of each key, None where nothing is or its time is over."""
        ...

    async def put_many(self, items: Sequence[Item]) -> None:
        """Keep values, in place of those that are there."""
        ...

    async def delete_many(self, keys: Sequence[bytes]) -> None:
        """Forget keys."""
        ...


@runtime_checkable
class Leases(Protocol):
    """What lets one process at a time do something, for as long as it renews that."""

    async def acquire(self, key: bytes, token: bytes, held_ms: int) -> bool:
        """Tell whether the lease was free and is held under this token now."""
        ...

    async def renew(self, key: bytes, token: bytes, held_ms: int) -> bool:
        """Hold it for longer; False where it is not held under this token any more."""
        ...

    async def release(self, key: bytes, token: bytes) -> None:
        """Give it back, unless somebody else holds it by now."""
        ...


@runtime_checkable
class Closable(Protocol):
    """What holds connections or files."""

    async def close(self) -> None:
        """Give them back."""
        ...
