"""Writing messages: rows and their words change together, in one transaction a call."""

from collections.abc import Mapping, Sequence

import apsw

from homeostat.companion.message import Message, NewMessage
from homeostat.companion.store.accepted import (
    checked_id,
    checked_messages,
    checked_rows,
    checked_text,
    checked_time,
)
from homeostat.companion.store.people import NewRows
from homeostat.companion.store.sqlite.adding import Adding
from homeostat.companion.store.sqlite.connection import transaction
from homeostat.companion.store.sqlite.handle import Handle, rows_of
from homeostat.companion.store.sqlite.neighbours import Neighbours
from homeostat.companion.store.sqlite.reading import SqliteReading
from homeostat.companion.store.sqlite.vectors import remove_rows
from homeostat.companion.store.sqlite.words import (
    OFTEN,
    SELDOM,
    add_words,
    merge_at,
    take_words,
)

BATCH = 5_000
"""Messages from which on a call is a large batch to the index of words."""


class SqliteMessages:
    """Writing of one person's messages."""

    def __init__(self, handle: Handle) -> None:
        self._handle = handle

    def add(self, messages: Sequence[NewMessage], rows: NewRows | None = None) -> list[int]:
        """Keep messages, with the rows of those that are new; return their seqs."""
        checked_messages(messages)
        if rows is not None:
            checked_rows(rows.kind, rows.rows, len(messages))
        if not messages:
            return []
        with transaction(self._handle.connection, self._handle.path) as connection:
            if len(messages) < BATCH:
                return Adding(connection).add(messages, rows)
            merge_at(connection, SELDOM)
            seqs = Adding(connection).add(messages, rows)
            merge_at(connection, OFTEN)
            return seqs

    def edit(self, id: str, text: str, edited_us: int) -> Message | None:
        """Replace a message's text everywhere."""
        checked_text(checked_id(id), text)
        checked_time(id, edited_us)
        with self._handle.writing() as connection:
            found = rows_of(connection, "SELECT seq, talk FROM messages WHERE id = ?", (id,))
            if not found:
                return None
            ((seq, talk),) = found
            neighbours = Neighbours(connection)
            after = neighbours.after(seq, talk)
            touched = [seq] if after is None else [seq, after]
            take_words(connection, touched, neighbours)
            connection.execute(
                "UPDATE messages SET text = ?, edited_us = ? WHERE seq = ?", (text, edited_us, seq)
            )
            add_words(connection, touched, neighbours)
            remove_rows(connection, [seq])
            connection.execute("UPDATE whose SET generation = generation + 1")
        self._handle.scrub()
        return SqliteReading(self._handle).by_seq([seq])[0]

    def remove(self, ids: Sequence[str]) -> int:
        """Forget messages, their words and their vectors."""
        with self._handle.writing() as connection:
            talks = dict(
                row
                for id in ids
                for row in rows_of(connection, "SELECT seq, talk FROM messages WHERE id = ?", (id,))
            )
            if talks:
                _remove(connection, talks)
        # Also where there was nothing to remove: an earlier call may have been interrupted here.
        self._handle.scrub()
        return len(talks)


def _remove(connection: apsw.Connection, talks: Mapping[int, int]) -> None:
    """Remove messages: the talk of each by its seq."""
    neighbours = Neighbours(connection)
    after = {neighbours.after(seq, talk) for seq, talk in talks.items()}
    followers = sorted(seq for seq in after if seq is not None and seq not in talks)
    take_words(connection, [*talks, *followers], neighbours)
    connection.executemany("DELETE FROM messages WHERE seq = ?", [(seq,) for seq in talks])
    left = Neighbours(connection)
    add_words(connection, followers, left)
    remove_rows(connection, talks)
    for talk in set(talks.values()):
        if left.last(talk):
            connection.execute("UPDATE talks SET last = ? WHERE talk = ?", (left.last(talk), talk))
        else:
            connection.execute("DELETE FROM talks WHERE talk = ?", (talk,))
    connection.execute("DELETE FROM authors WHERE author NOT IN (SELECT author FROM messages)")
    connection.execute("UPDATE whose SET count = count - ?, generation = generation + 1", (len(talks),))
