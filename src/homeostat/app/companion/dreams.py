"""The dreams' part of the API: asked for, watched, steered and stopped; the diary, and the wishes."""

import asyncio
from collections.abc import AsyncIterator

import msgspec
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route

from homeostat.app.companion.bodies import body_of, understood
from homeostat.app.companion.door import Door
from homeostat.app.companion.messages import NDJSON
from homeostat.app.companion.problems import Off
from homeostat.app.companion.threads import Threads
from homeostat.app.web.errors import json_answer
from homeostat.app.web.whole import whole
from homeostat.companion.access.audit import Act, Audit
from homeostat.companion.access.grant import Grant, Scope
from homeostat.companion.dream import diary, pictures, speech
from homeostat.companion.dream.dreams import Dreams, NoDream
from homeostat.companion.dream.scene import Scene, Shape, Steering
from homeostat.companion.dream.stages import Stages
from homeostat.companion.dream.wishes import Wishes, wishes_of
from homeostat.companion.flags import Flags
from homeostat.companion.store.people import People
from homeostat.core.errors import NotAvailable

BODY_BYTES_MAX = 64 << 10
EVENTS_MAX = 10_000
FEATURE = "dream"


class Wanted(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """A dream that is asked for; `pace_s` is the time between two scenes, in which it may be steered."""

    shape: Shape | None = None
    follow: list[str] = []
    avoid: list[str] = []
    pace_s: float = 0.0


class Turn(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """How a dream is to go on; what is left out stays."""

    shape: Shape | None = None
    follow: list[str] | None = None
    avoid: list[str] | None = None


class Wished(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """What a person wants of their dreams; what is left out stays."""

    consent: bool | None = None
    away: bool | None = None
    shape: Shape | None = None
    triggers: list[str] | None = None


class DreamApi:
    """Answers /people/{person}/dreams…"""

    def __init__(
        self,
        dreams: Dreams,
        stages: Stages,
        people: People,
        flags: Flags,
        door: Door,
        audit: Audit,
        threads: Threads,
        voice: speech.Speech | None,
        painter: pictures.Pictures | None,
    ) -> None:
        self._speech = voice
        self._pictures = painter
        self._stages = stages
        self._dreams = dreams
        self._people = people
        self._flags = flags
        self._door = door
        self._audit = audit
        self._threads = threads
        self._underway: set[asyncio.Task[None]] = set()

    def routes(self) -> list[Route]:
        """Return the routes."""
        dreams = "/people/{person}/dreams"
        return [
            Route(dreams, self.diary),
            Route(dreams, self.begin, methods=["POST"]),
            Route(dreams + "/wishes", self.wishes),
            Route(dreams + "/wishes", self.wish, methods=["PUT"]),
            Route(dreams + "/now", self.watch),
            Route(dreams + "/now", self.steer, methods=["POST"]),
            Route(dreams + "/now", self.stop, methods=["DELETE"]),
            Route(dreams + "/{name}", self.remove, methods=["DELETE"]),
            Route(dreams + "/{name}/scenes/{number}/speech", self.speak),
            Route(dreams + "/{name}/scenes/{number}/picture", self.paint),
        ]

    async def diary(self, http: Request) -> Response:
        """Answer the dreams that are kept, the newest first, each scene with its sources (seqs)."""
        _, person = await self._allowed(http, Scope.READ)

        def read() -> object:
            with self._people.open(person) as memory:
                return {"dreams": diary.dreams_of(memory)[::-1]}

        return json_answer(await self._threads.run_for(person, read))

    async def remove(self, http: Request) -> Response:
        """Forget a dream. 204, also where there was none."""
        _, person = await self._allowed(http, Scope.FORGET)

        def removed() -> None:
            with self._people.open(person) as memory:
                diary.remove(memory, http.path_params["name"])

        await self._threads.run_for(person, removed)
        return Response(status_code=204)

    async def speak(self, http: Request) -> Response:
        """Answer a scene of the diary read aloud, as MP3, where a model that speaks is set."""
        _, person = await self._allowed(http, Scope.READ)
        model = self._speech
        if model is None:
            raise NotAvailable("no model that speaks is set: start the companion with --speech")
        scene = await self._threads.run_for(person, self._scene, person, http)
        return Response(await asyncio.to_thread(model.read, scene), media_type=speech.MEDIA)

    async def paint(self, http: Request) -> Response:
        """Answer a scene of the diary as a picture, a PNG, where a model that paints is set."""
        _, person = await self._allowed(http, Scope.READ)
        model = self._pictures
        if model is None:
            raise NotAvailable("no model that paints is set: start the companion with --pictures")
        scene = await self._threads.run_for(person, self._scene, person, http)
        return Response(await asyncio.to_thread(model.paint, scene), media_type=pictures.MEDIA)

    def _scene(self, person: str, http: Request) -> Scene:
        name, number = http.path_params["name"], http.path_params["number"]
        with self._people.open(person) as memory:
            for dream in diary.dreams_of(memory):
                for scene in dream.scenes:
                    if (dream.name, str(scene.number)) == (name, number):
                        return scene
        raise NoDream("the diary has no such scene")

    async def begin(self, http: Request) -> Response:
        """Begin a dream; watch it at /people/{person}/dreams/now. 201."""
        _, person = await self._allowed(http, Scope.WRITE)
        raw = await body_of(http, BODY_BYTES_MAX)
        wanted = understood(raw, Wanted) if raw else Wanted()
        await self._threads.run_for(person, self._consented, person)
        steering = Steering(shape=wanted.shape, follow=tuple(wanted.follow), avoid=tuple(wanted.avoid))
        self.dream(person, steering, wanted.pace_s)
        session = self._dreams.of(person)
        return json_answer({"name": session.name, "steering": session.steering}, 201)

    def dream(self, person: str, steering: Steering, pace_s: float) -> None:
        """Begin a dream, and dream it beside the request."""
        session = self._dreams.begin(person, "request", steering, pace_s)
        task = asyncio.create_task(self._dreams.run(session))
        self._underway.add(task)
        task.add_done_callback(self._underway.discard)

    async def watch(self, http: Request) -> Response:
        """Stream what is told of the dream that runs as lines of JSON, from the event number `after` on."""
        _, person = await self._allowed(http, Scope.READ)
        events = self._dreams.watch(person, whole(http.query_params, "after", 0, EVENTS_MAX))
        headers = {"cache-control": "no-store", "x-accel-buffering": "no"}
        return StreamingResponse(_lines(events), media_type=NDJSON, headers=headers)

    async def steer(self, http: Request) -> Response:
        """Have the dream go on in another way from its next scene; answer what holds then."""
        _, person = await self._allowed(http, Scope.WRITE)
        turn = understood(await body_of(http, BODY_BYTES_MAX), Turn)
        steering = Steering(
            shape=turn.shape,
            follow=None if turn.follow is None else tuple(turn.follow),
            avoid=None if turn.avoid is None else tuple(turn.avoid),
        )
        return json_answer(self._dreams.steer(person, steering))

    async def stop(self, http: Request) -> Response:
        """End the dream at once. 204."""
        _, person = await self._allowed(http, Scope.WRITE)
        self._dreams.stop(person)
        return Response(status_code=204)

    async def wishes(self, http: Request) -> Response:
        """Answer whether the person wants to be dreamed for, and what must never come up."""
        _, person = await self._allowed(http, Scope.READ)

        def read() -> Wishes:
            with self._people.open(person) as memory:
                return wishes_of(memory.notes)

        return json_answer(await self._threads.run_for(person, read))

    async def wish(self, http: Request) -> Response:
        """Say whether dreams are wanted, how, and what must never come up; to take consent back ends all."""
        grant, person = await self._allowed(http, Scope.WRITE)
        wished = understood(await body_of(http, BODY_BYTES_MAX), Wished)
        found = await self._threads.run_for(person, wishing, self._people, self._stages, person, wished)
        self._audit.note(Act.CORRECTED, grant.id, person=person, about=consent_word(found))
        if not found.consent or wished.triggers is not None:
            self._dreams.drop(person)
        return json_answer(found)

    def _consented(self, person: str) -> None:
        with self._people.open(person) as memory:
            if not wishes_of(memory.notes).consent:
                raise Off("this person has not said that they want to be dreamed for")

    async def _allowed(self, http: Request, scope: Scope) -> tuple[Grant, str]:
        grant, person = await self._door.person(http, scope)
        if not self._flags.on(FEATURE, person):
            raise Off("dreams are off for this person by their flag")
        return grant, person


def wishing(people: People, stages: Stages, person: str, wished: Wished) -> Wishes:
    """Keep what a person wishes, and return all of it. To take consent back forgets the diary."""
    with people.open(person) as memory:
        before = wishes_of(memory.notes)
        found = Wishes(
            consent=before.consent if wished.consent is None else wished.consent,
            away=before.away if wished.away is None else wished.away,
            shape=before.shape if wished.shape is None else wished.shape,
            triggers=before.triggers if wished.triggers is None else tuple(wished.triggers),
        )
        stages.wish(memory, found)
    return found


def consent_word(wishes: Wishes) -> str:
    """Return what the audit says of wishes: whether there is consent, and no word of the triggers."""
    return "dreams on" if wishes.consent else "dreams off"


async def _lines(events: AsyncIterator[object]) -> AsyncIterator[bytes]:
    async for event in events:
        yield msgspec.json.encode(event) + b"\n"
