"""Reading messages in the order of their seqs."""

from collections.abc import Sequence
from typing import Any

import apsw
import numpy as np

from homeostat.companion.message import Message
from homeostat.companion.store.people import EVERYTHING, Within
from homeostat.companion.store.sqlite.connection import translated
from homeostat.companion.store.sqlite.handle import Handle, conditions

COLUMNS = (
    "m.seq, m.id, (SELECT name FROM talks WHERE talk = m.talk),"
    " (SELECT name FROM authors WHERE author = m.author), m.own, m.at_us, m.offset_min, m.edited_us, m.text"
)


class SqliteReading:
    """Reading of one person's messages."""

    def __init__(self, handle: Handle) -> None:
        self._handle = handle

    def by_seq(self, seqs: Sequence[int]) -> list[Message]:
        """Return the messages that are kept, in ascending order of seq."""
        return (
            self._rows("m.seq IN carray(?)", (apsw.carray(np.asarray(seqs, np.int64)),)) if len(seqs) else []
        )

    def after(self, seq: int, limit: int, within: Within = EVERYTHING) -> list[Message]:
        """Return up to `limit` messages that follow `seq`."""
        more, values = conditions(within)
        return self._rows(f"m.seq > ?{more}", (seq, *values), max(limit, 0))

    def by_id(self, ids: Sequence[str]) -> list[Message]:
        """Return the messages with these ids, in ascending order of seq."""
        possible = tuple(id for id in ids if "\0" not in id)
        if not possible:
            return []
        with translated(self._handle.path):
            wanted = apsw.carray(possible)
        return self._rows("m.id IN carray(?)", (wanted,))

    def _rows(self, condition: str, values: Sequence[Any], limit: int = -1) -> list[Message]:
        rows = self._handle.rows(
            f"SELECT {COLUMNS} FROM messages AS m WHERE {condition} ORDER BY m.seq LIMIT ?",  # noqa: S608
            (*values, limit),
        )
        return [message(row) for row in rows]


def message(row: Sequence[Any]) -> Message:
    """Return the message in a row of COLUMNS."""
    seq, id, talk, author, own, at_us, offset_min, edited_us, text = row
    return Message(
        seq=seq,
        id=id,
        talk=talk,
        author=author,
        own=bool(own),
        at_us=at_us,
        offset_min=offset_min,
        edited_us=edited_us,
        text=text,
    )
