"""What was learned of a person, as the API shows it: the palace and the archaeology."""

from collections.abc import Callable
from math import isfinite

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from homeostat.app.companion.door import Door
from homeostat.app.companion.problems import Off
from homeostat.app.companion.threads import Threads
from homeostat.app.web.errors import json_answer
from homeostat.app.web.health import Endpoint
from homeostat.app.web.whole import whole
from homeostat.companion.access.grant import Scope
from homeostat.companion.archaeology.archaeology import Archaeology
from homeostat.companion.flags import Flags
from homeostat.companion.palace.palace import SPOTS_MAX, Palace
from homeostat.companion.palace.views import Kind, Point
from homeostat.companion.store.people import Memory, People
from homeostat.core.errors import InputError

LIMIT = 1_000
FOUND = 20
FOUND_MAX = 200
SEQ_MAX = 2**53

Look = Callable[[Memory, Request], object]


class LearnedApi:
    """Answers /people/{person}/palace/… and /people/{person}/archaeology/…"""

    def __init__(
        self,
        people: People,
        palace: Palace,
        archaeology: Archaeology,
        flags: Flags,
        door: Door,
        threads: Threads,
    ) -> None:
        self._people = people
        self._palace = palace
        self._archaeology = archaeology
        self._flags = flags
        self._door = door
        self._threads = threads

    def routes(self) -> list[Route]:
        """Return the routes."""
        looks: dict[str, Look] = {
            "palace/rooms": self.rooms,
            "palace/memories": self.memories,
            "palace/near": self.near,
            "palace/box": self.box,
            "palace/tiers": self.tiers,
            "archaeology/gaps": self.gaps,
            "archaeology/patterns": self.patterns,
            "archaeology/reconstruction": self.reconstruction,
        }
        return [
            Route(f"/people/{{person}}/{path}", self._answering(look, path)) for path, look in looks.items()
        ]

    def rooms(self, memory: Memory, http: Request) -> object:
        """The rooms of a kind: topic, person or time."""
        kind = http.query_params.get("kind", Kind.TOPIC)
        if kind not in set(Kind):
            raise InputError(f"kind must be {', '.join(Kind)}, not {kind[:20]!r}")
        return {"rooms": self._palace.rooms(memory, Kind(kind))}

    def memories(self, memory: Memory, http: Request) -> object:
        """Where memories stand, of one room or of all."""
        query = http.query_params
        limit = whole(query, "limit", LIMIT, SPOTS_MAX)
        page = self._palace.memories(memory, query.get("room"), whole(query, "after", 0, SEQ_MAX), limit)
        return {"memories": page.spots, "next": page.next}

    def near(self, memory: Memory, http: Request) -> object:
        """The memories within a radius of a point, or the nearest to it."""
        at = _point(http, "at")
        if "radius" in http.query_params:
            return {"memories": self._palace.sphere(memory, at, _number(http, "radius"))}
        return {"memories": self._palace.nearest(memory, at, whole(http.query_params, "k", 10, SPOTS_MAX))}

    def box(self, memory: Memory, http: Request) -> object:
        """The memories from corner to corner."""
        return {"memories": self._palace.box(memory, _point(http, "low"), _point(http, "high"))}

    def tiers(self, memory: Memory, http: Request) -> object:
        """What the three tiers hold."""
        return {"tiers": self._palace.tiers(memory)}

    def gaps(self, memory: Memory, http: Request) -> object:
        """Silences that are unusual by the person's own rhythm."""
        return {"gaps": self._archaeology.gaps(memory, whole(http.query_params, "limit", FOUND, FOUND_MAX))}

    def patterns(self, memory: Memory, http: Request) -> object:
        """What comes and goes, recurs and changed."""
        return self._archaeology.patterns(memory, whole(http.query_params, "limit", FOUND, FOUND_MAX))

    def reconstruction(self, memory: Memory, http: Request) -> object:
        """What the person likely said between two messages, by their seqs: marked as reconstructed."""
        query = http.query_params
        before, after = whole(query, "before", 0, SEQ_MAX), whole(query, "after", 0, SEQ_MAX)
        return self._archaeology.reconstruct(memory, before, after, worded=_worded(http))

    def _answering(self, look: Look, path: str) -> Endpoint:
        feature = path.partition("/")[0]

        async def answer(http: Request) -> Response:
            _, person = await self._door.person(http, Scope.READ)

            def looked() -> object:
                if not self._flags.on(feature, person):
                    raise Off(f"{feature} is off for this person by its flag")
                with self._people.open(person) as memory:
                    return look(memory, http)

            runs = self._threads.model_for if _worded(http) else self._threads.run_for
            return json_answer(await runs(person, looked))

        answer.__doc__ = look.__doc__
        return answer


def _worded(http: Request) -> bool:
    """Tell whether a model is to say it."""
    return http.query_params.get("worded") == "true"


def _point(http: Request, name: str) -> Point:
    parts = http.query_params.get(name, "").split(",")
    if len(parts) != 3:
        raise InputError(f"{name} must be a point such as 1.5,0,-2")
    x, y, z = (_parsed(part, name) for part in parts)
    return x, y, z


def _number(http: Request, name: str) -> float:
    return _parsed(http.query_params.get(name, ""), name)


def _parsed(text: str, name: str) -> float:
    try:
        found = float(text)
    except ValueError:
        found = float("nan")
    if not isfinite(found):
        raise InputError(f"{name} must be made of finite numbers, not {text[:20]!r}")
    return found
