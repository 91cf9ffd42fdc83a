"""The schema of a person's file, and how a new file comes to have it."""

from pathlib import Path

import apsw

from homeostat.companion.store.spaced import TOKENIZER
from homeostat.companion.store.sqlite.connection import transaction
from homeostat.companion.store.sqlite.words import OFTEN, merge_at
from homeostat.core.errors import StoreCorrupt, StoreError

VERSION = 1
_TOKENIZER = " ".join(f"'{part}'" for part in TOKENIZER)
_SCHEMA = """
CREATE TABLE whose (
    one INTEGER PRIMARY KEY CHECK (one = 1), person TEXT NOT NULL,
    count INTEGER NOT NULL, last INTEGER NOT NULL, generation INTEGER NOT NULL
);
CREATE TABLE talks (talk INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, last INTEGER NOT NULL);
CREATE TABLE authors (author INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE);
CREATE TABLE messages (
    seq INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, talk INTEGER NOT NULL, author INTEGER NOT NULL,
    own INTEGER NOT NULL, at_us INTEGER NOT NULL, offset_min INTEGER NOT NULL, edited_us INTEGER NOT NULL,
    text TEXT NOT NULL
);
CREATE INDEX messages_time ON messages (talk, at_us);
CREATE INDEX messages_at ON messages (at_us);
CREATE VIRTUAL TABLE words USING fts5 (
    before, said, content = '', tokenize = "TOKENIZER"
);
CREATE VIRTUAL TABLE counted USING fts5vocab (words, row);
INSERT INTO words (words, rank) VALUES ('secure-delete', 1);
CREATE TABLE kinds (kind INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, model TEXT NOT NULL,
    dimensions INTEGER NOT NULL);
CREATE TABLE blocks (
    block INTEGER PRIMARY KEY, kind INTEGER NOT NULL, number INTEGER NOT NULL,
    present BLOB NOT NULL, rows BLOB NOT NULL, UNIQUE (kind, number)
);
CREATE TABLE notes (name TEXT PRIMARY KEY, body BLOB NOT NULL) WITHOUT ROWID;
""".replace("TOKENIZER", _TOKENIZER)


def make(connection: apsw.Connection, path: Path, person: str) -> None:
    """Give a new file its schema and its owner, before it is synchronised as a whole."""
    connection.pragma("synchronous", "off")
    connection.pragma("journal_mode", "wal")
    with transaction(connection, path):
        connection.execute(_SCHEMA)
        merge_at(connection, OFTEN)
        connection.execute("INSERT INTO whose VALUES (1, ?, 0, 0, 0)", (person,))
        connection.pragma("user_version", VERSION)


def check(connection: apsw.Connection, path: Path, person: str) -> None:
    """Check whose file it is. Raises StoreCorrupt, StoreError where a newer version made it."""
    version = connection.pragma("user_version")
    if version != VERSION:
        raise StoreError(f"{path} has the version {version}, this program reads {VERSION}: update it")
    if connection.execute("SELECT person FROM whose").get != person:
        raise StoreCorrupt(f"{path} is another person's; restore it from a backup")
