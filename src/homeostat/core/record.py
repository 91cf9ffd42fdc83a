"""The record: a small document that is kept under a key, such as an alert's state or a notice to be sent."""

import msgspec


class Record(msgspec.Struct, frozen=True):
    """What is kept under a kind and a key; writing it again replaces it, an empty `body` forgets it.

    `expires_ns` says from when on upkeep may drop it; 0 is never.
    """

    kind: str
    key: str
    time_ns: int
    body: bytes
    expires_ns: int = 0
