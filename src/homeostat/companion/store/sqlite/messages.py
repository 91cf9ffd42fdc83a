"""Writing messages: rows and their words change together, in one transaction a call."""

from collections.abc import Iterable, Sequence

import apsw

from homeostat.companion.message import Message, NewMessage
from homeostat.companion.store.accepted import checked_id, checked_messages, checked_text, checked_time
from homeostat.companion.store.spaced import spaced
from homeostat.companion.store.sqlite.handle import Handle, rows_of
from homeostat.companion.store.sqlite.reading import SqliteReading
from homeostat.companion.store.sqlite.vectors import remove_rows
from homeostat.core.errors import InputError


class SqliteMessages:
    """Writing of one person's messages."""

    def __init__(self, handle: Handle) -> None:
        self._handle = handle

    def add(self, messages: Sequence[NewMessage]) -> list[int]:
        """Keep messages and return their seqs."""
        checked_messages(messages)
        if not messages:
            return []
        with self._handle.writing() as connection:
            return _Adding(connection).add(messages)

    def edit(self, id: str, text: str, edited_us: int) -> Message | None:
        """Replace a message's text everywhere."""
        checked_text(checked_id(id), text)
        checked_time(id, edited_us)
        with self._handle.writing() as connection:
            found = rows_of(connection, "SELECT seq, talk FROM messages WHERE id = ?", (id,))
            if not found:
                return None
            ((seq, talk),) = found
            touched = [seq, *_followers(connection, [(seq, talk)])]
            _unindex(connection, touched)
            connection.execute(
                "UPDATE messages SET text = ?, edited_us = ? WHERE seq = ?", (text, edited_us, seq)
            )
            _index(connection, touched)
            remove_rows(connection, [seq])
            connection.execute("UPDATE whose SET generation = generation + 1")
        self._handle.scrub()
        return SqliteReading(self._handle).by_seq([seq])[0]

    def remove(self, ids: Sequence[str]) -> int:
        """Forget messages, their words and their vectors."""
        with self._handle.writing() as connection:
            found = [
                (seq, talk)
                for id in dict.fromkeys(ids)
                for seq, talk in rows_of(connection, "SELECT seq, talk FROM messages WHERE id = ?", (id,))
            ]
            removed = {seq for seq, _ in found}
            followers = _followers(connection, found)
            _unindex(connection, [*removed, *followers])
            connection.executemany("DELETE FROM messages WHERE seq = ?", [(seq,) for seq in removed])
            _index(connection, followers)
            remove_rows(connection, removed)
            if removed:
                connection.execute(
                    "UPDATE whose SET count = count - ?, generation = generation + 1", (len(removed),)
                )
        # Also where there was nothing to remove: an earlier call may have been interrupted here.
        self._handle.scrub()
        return len(removed)


class _Adding:
    """Adding one batch: what is looked up once a batch, not once a message."""

    def __init__(self, connection: apsw.Connection) -> None:
        self._connection = connection
        self._talks: dict[str, int] = {}
        self._authors: dict[str, int] = {}
        self._before: dict[int, str] = {}

    def add(self, messages: Sequence[NewMessage]) -> list[int]:
        execute = self._connection.execute
        ((last,),) = rows_of(self._connection, "SELECT last FROM whose")
        begin = last
        seqs = []
        for new in messages:
            talk = self._named("talk", new.talk, self._talks)
            author = self._named("author", new.author, self._authors)
            row = (last + 1, new.id, talk, author, new.own, new.at_us, new.offset_min, new.text)
            kept = execute(
                "INSERT INTO messages VALUES (?, ?, ?, ?, ?, ?, ?, 0, ?)"
                " ON CONFLICT (id) DO NOTHING RETURNING seq",
                row,
            ).get
            if kept is None:
                seqs.append(self._known(new))
                continue
            last += 1
            before = self._before_of(talk, last)
            text = self._before[talk] = spaced(new.text)
            execute("INSERT INTO words (rowid, before, said) VALUES (?, ?, ?)", (last, before, text))
            seqs.append(last)
        if last > begin:
            execute("UPDATE whose SET count = count + ?, last = ?", (last - begin, last))
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

    def _before_of(self, talk: int, seq: int) -> str:
        text = self._before.get(talk)
        return _text_before(self._connection, talk, seq) if text is None else text

    def _named(self, kind: str, name: str, known: dict[str, int]) -> int:
        number = known.get(name)
        if number is None:
            found = rows_of(
                self._connection,
                f"SELECT {kind} FROM {kind}s WHERE name = ?",  # noqa: S608 - one of two constants
                (name,),
            )
            if found:
                ((number,),) = found
            else:
                self._connection.execute(f"INSERT INTO {kind}s (name) VALUES (?)", (name,))  # noqa: S608
                number = self._connection.last_insert_rowid()
            known[name] = number
        return number


def _followers(connection: apsw.Connection, touched: Iterable[tuple[int, int]]) -> list[int]:
    """Return the seqs of messages that follow these (seq, talk) in their talks and are not among them."""
    talks = dict(touched)
    after = {
        seq
        for before, talk in talks.items()
        for (seq,) in rows_of(
            connection,
            "SELECT seq FROM messages WHERE talk = ? AND seq > ? ORDER BY seq LIMIT 1",
            (talk, before),
        )
    }
    return sorted(after - talks.keys())


def _documents(connection: apsw.Connection, seqs: Iterable[int]) -> list[tuple[int, str, str]]:
    documents = []
    for seq in seqs:
        ((talk, text),) = rows_of(connection, "SELECT talk, text FROM messages WHERE seq = ?", (seq,))
        documents.append((seq, _text_before(connection, talk, seq), spaced(text)))
    return documents


def _text_before(connection: apsw.Connection, talk: int, seq: int) -> str:
    before = rows_of(
        connection,
        "SELECT text FROM messages WHERE talk = ? AND seq < ? ORDER BY seq DESC LIMIT 1",
        (talk, seq),
    )
    return spaced(before[0][0]) if before else ""


def _index(connection: apsw.Connection, seqs: Iterable[int]) -> None:
    connection.executemany(
        "INSERT INTO words (rowid, before, said) VALUES (?, ?, ?)", _documents(connection, seqs)
    )


def _unindex(connection: apsw.Connection, seqs: Iterable[int]) -> None:
    """Take documents out of the index, which keeps none: they are given as they were put in."""
    connection.executemany(
        "INSERT INTO words (words, rowid, before, said) VALUES ('delete', ?, ?, ?)",
        _documents(connection, seqs),
    )
