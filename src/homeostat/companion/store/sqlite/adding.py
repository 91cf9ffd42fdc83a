"""Adding a batch of messages: what is looked up once a batch, not once a message."""

from collections.abc import Sequence

import apsw

from homeostat.companion.message import NewMessage
from homeostat.companion.store.people import NewRows
from homeostat.companion.store.spaced import spaced
from homeostat.companion.store.sqlite.handle import last_seq, rows_of
from homeostat.companion.store.sqlite.vectors import keep_rows, kind_of
from homeostat.companion.store.sqlite.words import ADD
from homeostat.core.errors import InputError

_TALK = "SELECT talk, last, (SELECT text FROM messages WHERE seq = talks.last) FROM talks WHERE name = ?"
_KEEP = "INSERT INTO messages VALUES (?, ?, ?, ?, ?, ?, ?, 0, ?) ON CONFLICT (id) DO NOTHING RETURNING seq"


class Talk:
    """A talk while messages are added to it: its number, its last seq, and what was said there, spaced."""

    __slots__ = ("last", "number", "said")

    def __init__(self, number: int, last: int, text: str | None) -> None:
        self.number = number
        self.last = last
        self.said = spaced(text or "")


class Adding:
    """One batch, within one transaction."""

    def __init__(self, connection: apsw.Connection) -> None:
        self._connection = connection
        self._talks: dict[str, Talk] = {}
        self._authors: dict[str, int] = {}

    def add(self, messages: Sequence[NewMessage], rows: NewRows | None = None) -> list[int]:
        """Keep messages, and the rows of those that are new; return all seqs.

        Raises InputError, UnknownPerson.
        """
        execute = self._connection.execute
        begin = last = last_seq(self._connection)
        seqs = []
        for new in messages:
            talk = self._talks.get(new.talk) or self._talk(new.talk)
            author = self._authors.get(new.author) or self._author(new.author)
            row = (last + 1, new.id, talk.number, author, new.own, new.at_us, new.offset_min, new.text)
            if execute(_KEEP, row).get is None:
                seqs.append(self._known(new))
                continue
            last += 1
            said = spaced(new.text)
            execute(ADD, (last, talk.said, said))
            talk.said, talk.last = said, last
            seqs.append(last)
        if last > begin:
            execute("UPDATE whose SET count = count + ?, last = ?", (last - begin, last))
            self._connection.executemany(
                "UPDATE talks SET last = ? WHERE talk = ?",
                [(talk.last, talk.number) for talk in self._talks.values() if talk.last > begin],
            )
            if rows is not None:
                kind = kind_of(self._connection, rows.kind, rows.model, rows.rows.shape[1])
                given = dict(zip(seqs, rows.rows, strict=True))
                keep_rows(self._connection, kind, {seq: given[seq] for seq in range(begin + 1, last + 1)})
        return seqs

    def _known(self, new: NewMessage) -> int:
        ((seq, text, edited_us),) = rows_of(
            self._connection, "SELECT seq, text, edited_us FROM messages WHERE id = ?", (new.id,)
        )
        # A sender that repeats itself does not know of the edit, which stands.
        if text != new.text and not edited_us:
            raise InputError(
                f"message {new.id!r} is kept with another text: give it an id of its own, or edit it"
            )
        return int(seq)

    def _talk(self, name: str) -> Talk:
        found = rows_of(self._connection, _TALK, (name,))
        if found:
            talk = Talk(*found[0])
        else:
            self._connection.execute("INSERT INTO talks (name, last) VALUES (?, 0)", (name,))
            talk = Talk(self._connection.last_insert_rowid(), 0, None)
        self._talks[name] = talk
        return talk

    def _author(self, name: str) -> int:
        found = rows_of(self._connection, "SELECT author FROM authors WHERE name = ?", (name,))
        if found:
            ((number,),) = found
        else:
            self._connection.execute("INSERT INTO authors (name) VALUES (?)", (name,))
            number = self._connection.last_insert_rowid()
        self._authors[name] = number
        return int(number)
