"""The cabinet: where grants, flags and the audit are kept, beside the memories and apart from them."""

from collections.abc import Callable, Mapping
from typing import Protocol

import msgspec

from homeostat.runtime.state.shelf import Shelf


class Link(msgspec.Struct, frozen=True, array_like=True):
    """One entry of the audit: its place, its content, and the chain's digest up to it."""

    number: int
    entry: bytes
    digest: bytes


START = Link(0, b"", b"")
"""Stands before the first entry."""


class Drawers(Protocol):
    """Small blobs by kind and name."""

    def get(self, kind: str, name: str) -> bytes | None:
        """Return what was put last."""
        ...

    def put(self, kind: str, blobs: Mapping[str, bytes | None]) -> None:
        """Put several at once, durable when it returns; None removes."""
        ...

    def list(self, kind: str, after: str, limit: int) -> dict[str, bytes]:
        """Return up to `limit` of a kind in the order of their names, those that follow `after`."""
        ...


class SwappingDrawers(Drawers, Shelf, Protocol):
    """Drawers in which a blob can be put in place of a certain other one."""


class Trail(Protocol):
    """The links of the audit, which are added and dropped at its ends, and never changed."""

    def append(self, next_of: Callable[[Link], Link], kept_max: int) -> Link:
        """Add the link that follows the last one, for which it is asked while nobody else adds.

        Beyond `kept_max` the oldest go; the digest of the last one that went stays as the anchor.
        """
        ...

    def read(self, after: int, limit: int) -> list[Link]:
        """Return up to `limit` links whose number is above `after`."""
        ...

    def ends(self) -> tuple[Link, Link]:
        """Return number and digest of the last link that was dropped, and the newest link.

        `START` stands for what is not there.
        """
        ...


class Cabinet(Protocol):
    """Both, in one file or database."""

    @property
    def drawers(self) -> SwappingDrawers:
        """The blobs."""
        ...

    @property
    def trail(self) -> Trail:
        """The links."""
        ...

    def close(self) -> None:
        """Let go of it."""
        ...
