"""The index of words: each message together with the one before it in its talk.

The index keeps no text: what is taken out of it is given once more, as it was put in.
"""

from collections.abc import Iterable

import apsw

from homeostat.companion.store.spaced import spaced
from homeostat.companion.store.sqlite.handle import rows_of
from homeostat.companion.store.sqlite.neighbours import Neighbours

ADD = "INSERT INTO words (rowid, before, said) VALUES (?, ?, ?)"
_TAKE = "INSERT INTO words (words, rowid, before, said) VALUES ('delete', ?, ?, ?)"

OFTEN, SELDOM = (2, 6), (4, 16)
"""Pieces from which on the index is merged in part, and wholly; the latter makes imports a fifth faster."""


def merge_at(connection: apsw.Connection, pieces: tuple[int, int]) -> None:
    """Say how often the index is merged: a search in 6 pieces takes a fifth less than in 22."""
    for option, count in zip(("automerge", "crisismerge"), pieces, strict=True):
        connection.execute("INSERT INTO words (words, rank) VALUES (?, ?)", (option, count))


def add_words(connection: apsw.Connection, seqs: Iterable[int], neighbours: Neighbours) -> None:
    """Index messages that are kept."""
    connection.executemany(ADD, _documents(connection, seqs, neighbours))


def take_words(connection: apsw.Connection, seqs: Iterable[int], neighbours: Neighbours) -> None:
    """Take messages out of the index, before they or those before them change."""
    connection.executemany(_TAKE, _documents(connection, seqs, neighbours))


def words_of(connection: apsw.Connection, seq: int | None) -> str:
    """Return a message's text as it is indexed."""
    found = rows_of(connection, "SELECT text FROM messages WHERE seq = ?", (seq,)) if seq else ()
    return spaced(found[0][0]) if found else ""


def _documents(
    connection: apsw.Connection, seqs: Iterable[int], neighbours: Neighbours
) -> list[tuple[int, str, str]]:
    documents = []
    for seq in seqs:
        ((talk, text),) = rows_of(connection, "SELECT talk, text FROM messages WHERE seq = ?", (seq,))
        before = words_of(connection, neighbours.before(seq, talk))
        documents.append((seq, before, spaced(text)))
    return documents
