"""The cache of counts: what was counted once, by the hash of what was counted."""

import sqlite3
from collections.abc import Iterable, Mapping
from contextlib import closing, suppress
from pathlib import Path

from homeostat.core.fork_gate import UNFORKED

COUNTS_MAX = 200_000
ANALYSES_MAX = 64
SCHEMA = """
CREATE TABLE IF NOT EXISTS counts (
    tokenizer TEXT, digest BLOB, tokens INTEGER, PRIMARY KEY (tokenizer, digest)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS analyses (digest BLOB PRIMARY KEY, body BLOB);
"""


def default_path() -> Path:
    """Return where this machine's user keeps the cache."""
    from platformdirs import user_cache_path

    return user_cache_path("homeostat") / "prompts.db"


class CountCache:
    """Counts of tokens and whole analyses in one SQLite file, both bounded.

    It can be lost at any time: a file that cannot be read or written is an empty cache, and no error.
    """

    def __init__(self, path: Path) -> None:
        self._path = path

    def tokens(self, tokenizer: str, digests: Iterable[bytes]) -> dict[bytes, int]:
        """Return the counts that are known, by digest."""
        found: dict[bytes, int] = {}
        with suppress(sqlite3.Error, OSError), UNFORKED, closing(self._open()) as db:
            for digest in digests:
                query = "SELECT tokens FROM counts WHERE tokenizer = ? AND digest = ?"
                row = db.execute(query, (tokenizer, digest)).fetchone()
                if row is not None:
                    found[digest] = row[0]
        return found

    def keep_tokens(self, tokenizer: str, counts: Mapping[bytes, int]) -> None:
        """Keep counts by digest; all older ones go where there would be too many."""
        with suppress(sqlite3.Error, OSError), UNFORKED, closing(self._open()) as db, db:
            (held,) = db.execute("SELECT count(*) FROM counts").fetchone()
            if held + len(counts) > COUNTS_MAX:
                db.execute("DELETE FROM counts")
            rows = ((tokenizer, digest, tokens) for digest, tokens in counts.items())
            db.executemany("INSERT OR REPLACE INTO counts VALUES (?, ?, ?)", rows)

    def analysis(self, digest: bytes) -> bytes | None:
        """Return a kept analysis, None if there is none."""
        with suppress(sqlite3.Error, OSError), UNFORKED, closing(self._open()) as db:
            row = db.execute("SELECT body FROM analyses WHERE digest = ?", (digest,)).fetchone()
            return None if row is None else bytes(row[0])
        return None

    def keep_analysis(self, digest: bytes, body: bytes) -> None:
        """Keep an analysis; the oldest goes where there would be too many."""
        with suppress(sqlite3.Error, OSError), UNFORKED, closing(self._open()) as db, db:
            db.execute("INSERT OR REPLACE INTO analyses VALUES (?, ?)", (digest, body))
            newest = "SELECT rowid FROM analyses ORDER BY rowid DESC LIMIT ?"
            db.execute(f"DELETE FROM analyses WHERE rowid NOT IN ({newest})", (ANALYSES_MAX,))  # noqa: S608

    def _open(self) -> sqlite3.Connection:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        db = sqlite3.connect(self._path, timeout=1.0)
        try:
            db.execute("PRAGMA synchronous = OFF")
            db.executescript(SCHEMA)
        except sqlite3.Error:
            db.close()
            raise
        return db
