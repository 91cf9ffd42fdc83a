"""The dreams' part of the API: asked for, watched, steered and stopped; the diary, and the wishes."""

from collections.abc import AsyncIterator, Callable

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
AFTER_MAX = 10_000
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


class Wishing:
    """Keeps what people wish of their dreams, whether they say it by the API or on the page."""

    def __init__(
        self, people: People, stages: Stages, dreams: Dreams, audit: Audit, threads: Threads
    ) -> None:
        self._people = people
        self._stages = stages
        self._dreams = dreams
        self._audit = audit
        self._threads = threads

    async def wish(self, person: str, wished: Wished, by: str) -> Wishes:
        """Keep what is wished, and return all of it. A dream that goes on against it ends at once.

        To take consent back forgets the diary. The audit says whether there is consent, and nothing of the
        triggers. Raises InputError, UnknownPerson.
        """
        found = await self._threads.run_for(person, self._kept, person, wished, by)
        if wished.triggers is not None or not self._dreams.wanted(person, found):
            self._dreams.drop(person)
        return found

    def _kept(self, person: str, wished: Wished, by: str) -> Wishes:
        with self._people.open(person) as memory:
            before = wishes_of(memory.notes)
            found = Wishes(
                consent=before.consent if wished.consent is None else wished.consent,
                away=before.away if wished.away is None else wished.away,
                shape=before.shape if wished.shape is None else wished.shape,
                triggers=before.triggers if wished.triggers is None else tuple(wished.triggers),
            )
            self._stages.wish(memory, found)
        about = "dreams on" if found.consent else "dreams off"
        self._audit.note(Act.CORRECTED, by, person=person, about=about)
        return found


class DreamApi:
    """Answers /people/{person}/dreams…"""

    def __init__(
        self,
        dreams: Dreams,
        wishing: Wishing,
        people: People,
        flags: Flags,
        door: Door,
        threads: Threads,
        voice: speech.Speech | None,
        painter: pictures.Pictures | None,
    ) -> None:
        self._speech = voice
        self._pictures = painter
        self._wishing = wishing
        self._dreams = dreams
        self._people = people
        self._flags = flags
        self._door = door
        self._threads = threads

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
        return Response(await self._rendered(http, person, model.read), media_type=speech.MEDIA)

    async def paint(self, http: Request) -> Response:
        """Answer a picture of a scene of the diary, as PNG, where a model that paints is set."""
        _, person = await self._allowed(http, Scope.READ)
        model = self._pictures
        if model is None:
            raise NotAvailable("no model that paints is set: start the companion with --pictures")
        return Response(await self._rendered(http, person, model.paint), media_type=pictures.MEDIA)

    async def _rendered(self, http: Request, person: str, render: Callable[[Scene], bytes]) -> bytes:
        scene = await self._threads.run_for(person, self._scene, person, http)
        return await self._threads.model(render, scene)

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
        session = self._dreams.begin(person, "request", steering, wanted.pace_s)
        self._dreams.run_beside(session)
        return json_answer({"name": session.name, "steering": session.steering}, 201)

    async def watch(self, http: Request) -> Response:
        """Stream what is told of the dream that runs as lines of JSON, from the event number `after` on."""
        _, person = await self._allowed(http, Scope.READ)
        events = self._dreams.watch(person, whole(http.query_params, "after", 0, AFTER_MAX))
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
        return json_answer(await self._wishing.wish(person, wished, grant.id))

    def _consented(self, person: str) -> None:
        with self._people.open(person) as memory:
            if not wishes_of(memory.notes).consent:
                raise Off("this person has not said that they want to be dreamed for")

    async def _allowed(self, http: Request, scope: Scope) -> tuple[Grant, str]:
        grant, person = await self._door.person(http, scope)
        if not self._flags.on(FEATURE, person):
            raise Off("dreams are off for this person by their flag")
        return grant, person


async def _lines(events: AsyncIterator[object]) -> AsyncIterator[bytes]:
    async for event in events:
        yield msgspec.json.encode(event) + b"\n"
