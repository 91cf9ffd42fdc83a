"""The shelf in one SQLite file, for the processes of one machine."""

from pathlib import Path
from threading import Lock

from homeostat.runtime.jobs.embedded.file import Layout, QueueFile

LAYOUT = Layout(
    what="state",
    application_id=0x484D5354,  # "HMST"
    version=1,
    schema=(
        """CREATE TABLE blobs (
            kind TEXT NOT NULL, name TEXT NOT NULL, blob BLOB NOT NULL, PRIMARY KEY (kind, name)
        ) WITHOUT ROWID""",
    ),
)

_LIST = "SELECT name, blob FROM blobs WHERE kind = ? AND name > ? ORDER BY name LIMIT ?"


class FileShelf:
    """A `Shelf` in a file; what was swapped outlives a loss of power. Safe for threads."""

    def __init__(self, path: Path) -> None:
        """Open it, or make it. Raises StoreError."""
        self._file = QueueFile(path, layout=LAYOUT)
        self._lock = Lock()

    def list(self, kind: str, after: str, limit: int) -> dict[str, bytes]:
        """Return up to `limit` of a kind that follow `after`."""
        with self._lock, self._file.read() as connection:
            return dict(connection.execute(_LIST, (kind, after, limit)).fetchall())

    def swap(self, kind: str, name: str, before: bytes | None, after: bytes) -> bool:
        """Put a blob in place of another one."""
        with self._lock, self._file.write() as connection:
            if before is None:
                put = connection.execute("INSERT OR IGNORE INTO blobs VALUES (?, ?, ?)", (kind, name, after))
            else:
                put = connection.execute(
                    "UPDATE blobs SET blob = ? WHERE kind = ? AND name = ? AND blob = ?",
                    (after, kind, name, before),
                )
            return put.rowcount == 1

    def close(self) -> None:
        """Close the file."""
        with self._lock:
            self._file.close()
