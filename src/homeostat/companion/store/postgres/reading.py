"""Reading messages in the order of their seqs."""

from collections.abc import Sequence
from typing import Any

import msgspec

from homeostat.companion.message import Message
from homeostat.companion.store.people import EVERYTHING, Within
from homeostat.companion.store.postgres.handle import Handle
from homeostat.companion.store.postgres.schema import SCHEMA
from homeostat.companion.store.postgres.seal import Seal

COLUMNS = "m.seq, m.own, m.at_us, m.body"


class Body(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """What a row holds sealed."""

    id: str
    talk: str
    author: str
    offset_min: int
    edited_us: int
    text: str


_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(Body).decode


def sealed(seal: Seal, seq: int, body: Body) -> bytes:
    """Return the body of the message with this seq, sealed."""
    return seal.close(_encode(body), f"message {seq}")


def opened(seal: Seal, seq: int, body: bytes) -> Body:
    """Return a message's body. Raises StoreCorrupt."""
    return _decode(seal.open(body, f"message {seq}"))


class PostgresReading:
    """Reading of one person's messages."""

    def __init__(self, handle: Handle) -> None:
        self._handle = handle

    def by_seq(self, seqs: Sequence[int]) -> list[Message]:
        """Return the messages that are kept, in ascending order of seq."""
        if not len(seqs):
            return []
        return self._found("m.seq = ANY(%(seqs)s::bigint[])", {"seqs": [int(seq) for seq in seqs]})

    def after(self, seq: int, limit: int, within: Within = EVERYTHING) -> list[Message]:
        """Return up to `limit` messages that follow `seq`."""
        more, values = self._handle.conditions(within)
        return self._found(f"m.seq > %(after)s{more}", {"after": seq, **values}, max(limit, 0))

    def by_id(self, ids: Sequence[str]) -> list[Message]:
        """Return the messages with these ids, in ascending order of seq."""
        if not ids:
            return []
        digests = [self._handle.seal.digest(b"id", id) for id in ids]
        return self._found("m.id = ANY(%(ids)b::bytea[])", {"ids": digests})

    def _found(self, condition: str, values: dict[str, Any], limit: int | None = None) -> list[Message]:
        with self._handle.reading() as rows:
            found = rows.all(
                f"SELECT {COLUMNS} FROM {SCHEMA}.messages AS m"  # noqa: S608
                f" WHERE m.person = %(person)s AND {condition} ORDER BY m.seq LIMIT %(limit)s",
                limit=limit,
                **values,
            )
        return [message(self._handle.seal, row) for row in found]


def message(seal: Seal, row: Sequence[Any]) -> Message:
    """Return the message in a row of COLUMNS."""
    seq, own, at_us, closed = row
    body = opened(seal, seq, closed)
    return Message(
        seq=seq,
        id=body.id,
        talk=body.talk,
        author=body.author,
        own=own,
        at_us=at_us,
        offset_min=body.offset_min,
        edited_us=body.edited_us,
        text=body.text,
    )
