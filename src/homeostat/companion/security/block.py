"""The block: who is not let in for a while, and why."""

from enum import StrEnum

import msgspec

from homeostat.runtime.limits.refused import Refused


class Kind(StrEnum):
    """What was seen."""

    GUESSING = "guessing"
    """Many different tokens that do not hold, from one address."""

    ENUMERATION = "enumeration"
    """One token that asks for many people whom it does not open, or who are not there."""

    TWO_PLACES = "two_places"
    """One person's token from two addresses, to and fro within seconds."""


class Block(msgspec.Struct, frozen=True, kw_only=True):
    """`whom` is `address.` with a keyed digest of it, or `token.` with its id; times are us since 1970."""

    whom: str
    kind: Kind
    began_us: int
    until_us: int


class Blocked(Refused):
    """A request of somebody who is blocked."""

    def __init__(self, block: Block, now_us: int) -> None:
        super().__init__(
            f"blocked for a while ({block.kind}); `homeostat companion unblock {block.whom}` lifts it",
            max(1.0, (block.until_us - now_us) / 1e6),
        )
