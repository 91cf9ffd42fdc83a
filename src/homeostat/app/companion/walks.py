"""The walks' part of the API: one is begun with a request, and watched over a WebSocket by its id.

The id is the key to the walk: 24 random bytes that last for ten minutes after their last use. So a browser,
which sends no token with a WebSocket, needs none; and a lost connection goes on where it was.
"""

from contextlib import suppress

import msgspec
from anyio import create_task_group
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route, WebSocketRoute
from starlette.websockets import WebSocket, WebSocketDisconnect, WebSocketState

from homeostat.app.companion.bodies import body_of, understood
from homeostat.app.companion.door import Door
from homeostat.app.companion.threads import Threads
from homeostat.app.web.errors import json_answer
from homeostat.companion.access.grant import Scope
from homeostat.companion.palace.palace import Palace
from homeostat.companion.palace.walk import FRAMES_A_SECOND, Walk
from homeostat.companion.palace.walks import Session, Walks, WalkUnknown
from homeostat.companion.store.people import People

UNKNOWN = 4404
BAD = 4400
STALLED = 4408
"""Codes with which the socket is closed: no such walk, not understood, nothing acknowledged."""

ACKNOWLEDGEMENT_BYTES_MAX = 64


class Stops(msgspec.Struct, forbid_unknown_fields=True):
    """The body that begins a walk: the ids of rooms, none for the largest ones."""

    rooms: list[str] = []


class Acknowledgement(msgspec.Struct, forbid_unknown_fields=True):
    """What a watcher sends: the number of the last frame that arrived."""

    ack: int


class WalkApi:
    """Answers /people/{person}/walks and /walks/{id}."""

    def __init__(self, palace: Palace, people: People, walks: Walks, door: Door, threads: Threads) -> None:
        self._palace = palace
        self._people = people
        self._walks = walks
        self._door = door
        self._threads = threads

    def routes(self) -> list[BaseRoute]:
        """Return the routes."""
        return [
            Route("/people/{person}/walks", self.begin, methods=["POST"]),
            WebSocketRoute("/walks/{id}", self.watch),
        ]

    async def begin(self, http: Request) -> Response:
        """Begin a walk; answer its id, its rooms, and how many frames it has. 201."""
        _, person = await self._door.person(http, Scope.READ)
        raw = await body_of(http)
        stops = understood(raw, Stops) if raw else Stops()

        def walk() -> Walk:
            with self._people.open(person) as memory:
                return self._palace.walk(memory, stops.rooms)

        session = self._walks.begin(person, await self._threads.run_for(person, walk))
        return json_answer(
            {
                "id": session.id,
                "frames": session.walk.frames,
                "frames_a_second": FRAMES_A_SECOND,
                "rooms": session.walk.rooms,
            },
            201,
        )

    async def watch(self, socket: WebSocket) -> None:
        """Send a walk's frames from `?from=N`, or from behind the last acknowledged one, and `{"end": ...}`.

        The watcher sends `{"ack": N}` now and then: no more than half a second of frames is on its way.
        """
        await socket.accept()
        asked = socket.query_params.get("from", "")
        if not (asked == "" or (asked.isascii() and asked.isdigit() and len(asked) < 10)):
            await socket.close(BAD, "`from` is the number of a frame")
            return
        try:
            session = self._walks.find(socket.path_params["id"])
        except WalkUnknown as error:
            await socket.close(UNKNOWN, str(error))
            return
        begin = int(asked) if asked else None
        ended, understood_all = False, True
        with suppress(WebSocketDisconnect):
            async with create_task_group() as group:

                async def listen() -> None:
                    nonlocal understood_all
                    understood_all = await self._listen(socket, session)
                    group.cancel_scope.cancel()

                group.start_soon(listen)
                with suppress(WebSocketDisconnect):
                    ended = await self._walks.stream(session, socket.send_text, begin)
                group.cancel_scope.cancel()
            await _closed(socket, session, ended, understood_all)

    async def _listen(self, socket: WebSocket, session: Session) -> bool:
        """Take acknowledgements until the watcher is gone (True), or says something else (False)."""
        while True:
            message = await socket.receive()
            if message["type"] == "websocket.disconnect":
                return True
            text = message.get("text")
            if text is None or len(text) > ACKNOWLEDGEMENT_BYTES_MAX:
                return False
            try:
                said = msgspec.json.decode(text, type=Acknowledgement)
            except msgspec.DecodeError:
                return False
            self._walks.acknowledge(session, said.ack)


async def _closed(socket: WebSocket, session: Session, ended: bool, understood_all: bool) -> None:
    if WebSocketState.DISCONNECTED in (socket.client_state, socket.application_state):
        return
    if not understood_all:
        await socket.close(BAD, 'a watcher sends {"ack": N} and nothing else')
    elif ended:
        await socket.send_json({"end": session.walk.frames, "dropped": session.dropped})
        await socket.close()
    else:
        await socket.close(STALLED, "the walk goes on elsewhere, or nothing was acknowledged: connect again")
