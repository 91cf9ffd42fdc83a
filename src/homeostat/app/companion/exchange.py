"""The exchange's part of the API: everything of a person in one archive, and back."""

import io
from collections.abc import Iterator

from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route

from homeostat.app.companion.bodies import body_of
from homeostat.app.companion.door import Door
from homeostat.app.companion.threads import Threads
from homeostat.app.web.errors import json_answer
from homeostat.companion.access.audit import Act, Audit
from homeostat.companion.access.grant import Scope
from homeostat.companion.companion import Companion
from homeostat.companion.exchange.archive import archived
from homeostat.companion.exchange.restoring import restore
from homeostat.core.clock import Clock
from homeostat.core.errors import InputError

ARCHIVE_BYTES_MAX = 256 << 20
"""An archive that is sent; `homeostat companion import` reads larger ones from their files."""


class ExchangeApi:
    """Answers GET /people/{person}/export and POST /people/{person}/import."""

    def __init__(
        self, companion: Companion, door: Door, audit: Audit, threads: Threads, clock: Clock
    ) -> None:
        self._companion = companion
        self._door = door
        self._audit = audit
        self._threads = threads
        self._clock = clock

    def routes(self) -> list[Route]:
        """Return the routes."""
        return [
            Route("/people/{person}/export", self.export),
            Route("/people/{person}/import", self.bring, methods=["POST"]),
        ]

    async def export(self, http: Request) -> Response:
        """Answer everything of a person as one archive; `vectors=false` leaves the rows of vectors out."""
        grant, person = await self._door.person(http, Scope.EXPORT)
        wanted = http.query_params.get("vectors", "true")
        if wanted not in ("true", "false"):
            raise InputError(f"vectors must be true or false, not {wanted[:20]!r}")
        pieces = archived(self._companion.people, person, self._clock, vectors=wanted == "true")

        def begun() -> bytes:
            first = next(pieces)
            self._audit.note(Act.EXPORTED, grant.id, person=person)
            return first

        first = await self._threads.run(begun)
        headers = {"content-disposition": 'attachment; filename="memory.zip"'}
        return StreamingResponse(_all(first, pieces), headers=headers, media_type="application/zip")

    async def bring(self, http: Request) -> Response:
        """Take an archive in."""
        grant, person = await self._door.person(http, Scope.WRITE)
        data = await body_of(http, ARCHIVE_BYTES_MAX)
        return json_answer(await self._threads.run(self._restored, grant.id, person, data))

    def _restored(self, by: str, person: str, data: bytes) -> object:
        restored = restore(self._companion, person, io.BytesIO(data))
        self._audit.note(Act.IMPORTED, by, person=person, about=str(restored.messages))
        return restored


def _all(first: bytes, pieces: Iterator[bytes]) -> Iterator[bytes]:
    yield first
    yield from pieces
