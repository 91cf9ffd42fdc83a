"""Notes: small named blobs of what was learned, sealed."""

from collections.abc import Mapping

from homeostat.companion.store.postgres.handle import Handle
from homeostat.companion.store.postgres.schema import SCHEMA

_GET = f"SELECT body FROM {SCHEMA}.notes WHERE person = %(person)s AND note = %(note)s"  # noqa: S608
_PUT = (
    f"INSERT INTO {SCHEMA}.notes VALUES (%(person)s, %(note)s, %(body)b)"  # noqa: S608
    " ON CONFLICT (person, note) DO UPDATE SET body = excluded.body"
)
_REMOVE = f"DELETE FROM {SCHEMA}.notes WHERE person = %(person)s AND note = %(note)s"  # noqa: S608


class PostgresNotes:
    """Notes on one person."""

    def __init__(self, handle: Handle) -> None:
        self._handle = handle

    def get(self, name: str) -> bytes | None:
        """Return what was put last."""
        note = self._note(name)
        with self._handle.reading() as rows:
            found = rows.all(_GET, note=note)
        return self._handle.seal.open(found[0][0], f"note {note}") if found else None

    def put(self, notes: Mapping[str, bytes | None]) -> None:
        """Put several at once, all or none; None removes."""
        close = self._handle.seal.close
        with self._handle.writing() as (rows, _):
            for name, body in notes.items():
                note = self._note(name)
                if body is None:
                    rows.do(_REMOVE, note=note)
                else:
                    rows.do(_PUT, note=note, body=close(body, f"note {note}"))

    def _note(self, name: str) -> int:
        return self._handle.seal.number(b"note", name)
