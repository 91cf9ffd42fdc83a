"""The palace's page: rooms and memories in space, what is found there, and a walk."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from homeostat.app.companion.node import CompanionNode
from homeostat.app.companion.pages.frame import Frame, Visit
from homeostat.app.companion.pages.palace_request import PalaceRequest, palace_request
from homeostat.app.companion.pages.shapes import look_of
from homeostat.app.web.errors import json_answer
from homeostat.companion.access.grant import Scope
from homeostat.companion.finding import Hit
from homeostat.companion.message import Message
from homeostat.companion.palace.palace import SPOTS_MAX, Palace
from homeostat.companion.palace.showing import OTHERS_NAME
from homeostat.companion.palace.views import Kind, Room, Spot
from homeostat.companion.store.people import Memory, Within
from homeostat.core.errors import InputError

FOUND = 12
NEAR = 10
BOX = 1.0
"""Half the side of the box around a memory."""

BOX_MAX = 100
PAGE = 50
TEXT_CHARS_MAX = 2_000
FEATURE = "palace"

WHY = {
    "lexical": "words",
    "turn": "meaning",
    "window": "meaning around it",
    "neighbours": "neighbours",
    "speaker": "said by who is named",
    "time": "at the time named",
    "hop": "beside what was found",
    "asks": "it is a question",
}


@dataclass(frozen=True, slots=True)
class Shown:
    """A memory in a list: its message, where it stands (None where it has no place yet), why it is there."""

    message: Message
    spot: Spot | None
    score: float = 0.0
    why: tuple[tuple[str, float], ...] = ()

    @property
    def text(self) -> str:
        """What was said, as much as a list has room for."""
        text = self.message.text
        return text if len(text) <= TEXT_CHARS_MAX else text[:TEXT_CHARS_MAX] + " …"


@dataclass(frozen=True, slots=True)
class Found:
    """What the page lists: its title, the memories, and the address of what follows."""

    title: str
    memories: list[Shown]
    words: str = ""
    more: str = ""


class PalacePages:
    """Answers /palace and /palace/points."""

    def __init__(self, node: CompanionNode, frame: Frame) -> None:
        self._node = node
        self._frame = frame

    def routes(self) -> list[Route]:
        """Return the routes."""
        return [Route("/palace", self.palace), Route("/palace/points", self.points)]

    async def palace(self, http: Request) -> Response:
        """Answer the page."""
        return await self._frame.answer(http, Scope.READ, self._palace, FEATURE)

    async def points(self, http: Request) -> Response:
        """Answer what is in the plot, in columns."""
        return await self._frame.answer(http, Scope.READ, self._points, FEATURE)

    def _palace(self, visit: Visit) -> Response:
        asked = palace_request(visit.http.query_params)
        palace = self._node.palace
        with self._node.people.open(visit.person) as memory:
            rooms = palace.rooms(memory)
            authors = [room for room in palace.rooms(memory, Kind.PERSON) if room.name != OTHERS_NAME]
            count = memory.extent().count
        if asked.author:
            _named(authors, asked.author)
        names = {room.id: room.name for room in rooms}
        return visit.page(
            "palace.html",
            "palace",
            "Palace",
            asked=asked,
            rooms=rooms,
            authors=authors,
            names=names,
            found=self._found(visit.person, asked, rooms, authors),
            memories=count,
            look_of=look_of,
        )

    def _found(
        self, person: str, asked: PalaceRequest, rooms: Sequence[Room], authors: Sequence[Room]
    ) -> Found | None:
        """Return what the page lists, None where nothing was asked for."""
        if asked.find:
            within = Within(
                author=_named(authors, asked.author) if asked.author else None,
                begin_us=asked.begin_us,
                end_us=asked.end_us,
            )
            hits = self._node.companion.search(person, asked.find, FOUND, within)
            with self._node.people.open(person) as memory:
                return Found(f"Found for “{asked.find}”", _hits(self._node.palace, memory, hits))
        with self._node.people.open(person) as memory:
            if asked.near:
                return self._near(memory, asked)
            if asked.room:
                return self._room(memory, asked, rooms)
        return None

    def _near(self, memory: Memory, asked: PalaceRequest) -> Found:
        palace = self._node.palace
        page = palace.memories(memory, None, asked.near - 1, 1).spots
        if not page or page[0].seq != asked.near:
            raise InputError("this memory has no place (any more): look at the palace again")
        x, y, z = page[0].at
        if asked.boxed:
            low, high = (x - BOX, y - BOX, z - BOX), (x + BOX, y + BOX, z + BOX)
            spots = palace.box(memory, low, high)
            words = f"All that stands in a box of {2 * BOX:g} units around the memory: {len(spots):,}."
            more = f" The first {BOX_MAX} are listed." if len(spots) > BOX_MAX else ""
            return Found("In the box", _spots(memory, spots[:BOX_MAX]), words + more)
        spots = palace.nearest(memory, (x, y, z), NEAR + 1)
        return Found("Nearby", _spots(memory, spots), "The memory, and those that stand nearest to it.")

    def _room(self, memory: Memory, asked: PalaceRequest, rooms: Sequence[Room]) -> Found:
        page = self._node.palace.memories(memory, asked.room, asked.after, SPOTS_MAX)
        spots = _filtered(self._node.palace, memory, asked, page.spots)
        more = asked.link(room=asked.room, after=spots[PAGE - 1].seq) if len(spots) > PAGE else ""
        name = _named(rooms, asked.room)
        words = f"{len(spots):,} memories stand here." if not asked.after else "More of this room."
        return Found(f"Room “{name}”", _spots(memory, spots[:PAGE]), words, more)

    def _points(self, visit: Visit) -> Response:
        asked = palace_request(visit.http.query_params)
        palace = self._node.palace
        with self._node.people.open(visit.person) as memory:
            rooms = palace.rooms(memory)
            spots = _filtered(palace, memory, asked, palace.memories(memory, None, 0, SPOTS_MAX).spots)
            count = memory.extent().count
        place = {room.id: i for i, room in enumerate(rooms)}
        kept = [spot for spot in spots if spot.room in place]
        return json_answer(
            {
                "rooms": [
                    {
                        "id": room.id,
                        "name": room.name,
                        "centre": [round(v, 3) for v in room.centre],
                        "radius": round(room.radius, 3),
                        "size": room.size,
                        **look_of(room.id)._asdict(),
                    }
                    for room in rooms
                ],
                "seq": [spot.seq for spot in kept],
                "x": [round(spot.at[0], 3) for spot in kept],
                "y": [round(spot.at[1], 3) for spot in kept],
                "z": [round(spot.at[2], 3) for spot in kept],
                "room": [place[spot.room] for spot in kept],
                "strength": [round(spot.strength, 3) for spot in kept],
                "at_ms": [spot.at_us // 1_000 for spot in kept],
                "all": count,
            }
        )


def _filtered(palace: Palace, memory: Memory, asked: PalaceRequest, spots: Sequence[Spot]) -> Sequence[Spot]:
    """Return those of the author and of the days that are asked for."""
    if asked.author:
        own = {spot.seq for spot in palace.memories(memory, asked.author, 0, SPOTS_MAX).spots}
        spots = [spot for spot in spots if spot.seq in own]
    begin_us, end_us = asked.begin_us, asked.end_us
    if begin_us is not None:
        spots = [spot for spot in spots if spot.at_us >= begin_us]
    if end_us is not None:
        spots = [spot for spot in spots if spot.at_us < end_us]
    return spots


def _named(rooms: Sequence[Room], id: str) -> str:
    for room in rooms:
        if room.id == id:
            return room.name
    raise InputError(f"there is no room {id!r} (any more): look at the palace again")


def _spots(memory: Memory, spots: Sequence[Spot]) -> list[Shown]:
    """Return memories in the order of their spots; those that were forgotten meanwhile are left out."""
    said = {message.seq: message for message in memory.reading.by_seq(sorted(spot.seq for spot in spots))}
    return [Shown(said[spot.seq], spot) for spot in spots if spot.seq in said]


def _hits(palace: Palace, memory: Memory, hits: Sequence[Hit]) -> list[Shown]:
    found = []
    for hit in hits:
        page = palace.memories(memory, None, hit.message.seq - 1, 1).spots
        spot = page[0] if page and page[0].seq == hit.message.seq else None
        found.append(Shown(hit.message, spot, hit.score, _why(hit.why)))
    return found


def _why(why: Mapping[str, float]) -> tuple[tuple[str, float], ...]:
    """Return what a score is made of in words, the most first."""
    return tuple(
        sorted(((WHY.get(part, part), v) for part, v in why.items()), key=lambda pair: -abs(pair[1]))
    )
