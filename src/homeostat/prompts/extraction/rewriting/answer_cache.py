"""The cache of answers: what a model made of a text once, so that asking again costs nothing."""

import sqlite3
from contextlib import closing, suppress
from pathlib import Path

import msgspec

from homeostat.core.fork_gate import UNFORKED
from homeostat.prompts.extraction.rewriting.answer import Answer

ANSWERS_MAX = 20_000
BYTES_MAX = 256 * 1024 * 1024
SCHEMA = "CREATE TABLE IF NOT EXISTS answers (digest BLOB PRIMARY KEY, body BLOB, size INTEGER)"
NEWEST = (
    "SELECT rowid, sum(size) OVER (ORDER BY rowid DESC) AS held, row_number() OVER (ORDER BY rowid DESC) AS n"
)
DECODER = msgspec.msgpack.Decoder(Answer)


def default_path() -> Path:
    """Return where this machine's user keeps the answers."""
    from platformdirs import user_cache_path

    return user_cache_path("homeostat") / "rewrites.db"


class AnswerCache:
    """Answers by the digests of their questions in one SQLite file; the oldest go where there are too many.

    It can be lost at any time: a file that cannot be read or written is an empty cache, and no error. The
    answers hold what the prompts say: only their owner can read the file.
    """

    def __init__(self, path: Path) -> None:
        self._path = path

    def answer(self, digest: bytes) -> Answer | None:
        """Return the answer to a question; None if there is none."""
        with suppress(sqlite3.Error, OSError), UNFORKED, closing(self._open()) as db:
            row = db.execute("SELECT body FROM answers WHERE digest = ?", (digest,)).fetchone()
            if row is not None:
                with suppress(msgspec.MsgspecError):  # written by another version: it is asked again
                    return DECODER.decode(row[0])
        return None

    def keep(self, digest: bytes, answer: Answer) -> None:
        """Keep an answer."""
        body = msgspec.msgpack.encode(answer)
        with suppress(sqlite3.Error, OSError), UNFORKED, closing(self._open()) as db, db:
            row = (digest, body, len(body))
            db.execute("INSERT OR REPLACE INTO answers VALUES (?, ?, ?)", row)
            many = f"SELECT rowid FROM ({NEWEST} FROM answers) WHERE held > ? OR n > ?"  # noqa: S608
            db.execute(f"DELETE FROM answers WHERE rowid IN ({many})", (BYTES_MAX, ANSWERS_MAX))  # noqa: S608

    def _open(self) -> sqlite3.Connection:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        self._path.touch(mode=0o600)
        db = sqlite3.connect(self._path, timeout=5.0)
        try:
            db.execute(SCHEMA)
        except sqlite3.Error:
            db.close()
            raise
        return db
