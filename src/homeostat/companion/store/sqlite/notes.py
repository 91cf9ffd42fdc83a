"""Notes: small named blobs of what was learned."""

from collections.abc import Mapping

from homeostat.companion.store.sqlite.handle import Handle


class SqliteNotes:
    """Notes on one person."""

    def __init__(self, handle: Handle) -> None:
        self._handle = handle

    def get(self, name: str) -> bytes | None:
        """Return what was put last."""
        rows = self._handle.rows("SELECT body FROM notes WHERE name = ?", (name,))
        return rows[0][0] if rows else None

    def put(self, notes: Mapping[str, bytes | None]) -> None:
        """Put several at once, all or none; None removes."""
        with self._handle.writing() as connection:
            for name, body in notes.items():
                if body is None:
                    connection.execute("DELETE FROM notes WHERE name = ?", (name,))
                else:
                    connection.execute(
                        "INSERT INTO notes VALUES (?, ?)"
                        " ON CONFLICT (name) DO UPDATE SET body = excluded.body",
                        (name, body),
                    )
