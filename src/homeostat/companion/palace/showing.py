"""Showing: rooms and memories of a building as views."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from homeostat.companion.palace.activation import base_level, strength
from homeostat.companion.palace.authors import OTHERS
from homeostat.companion.palace.building import COMMON, SAID_MIN, Building
from homeostat.companion.palace.held import Held
from homeostat.companion.palace.loci import HALL
from homeostat.companion.palace.naming import named
from homeostat.companion.palace.tiers import Tier, working
from homeostat.companion.palace.times import dated, times
from homeostat.companion.palace.views import Kind, Point, Room, Spot
from homeostat.companion.palace.words import hashed, words

RADIUS_MIN = 0.5
RADIUS_RMS = 1.5
"""Of points that lie about the middle evenly in all directions nine of ten are within 1.5 rms of it."""

ROOM_NUMBER_CHARS = 18
HALL_NAME = "hall"
OTHERS_NAME = "others"


def topic_rooms(held: Held) -> list[Room]:
    """Return the rooms of topics, the largest first."""
    building = held.building
    number = building.room_of()
    there = number >= 0
    names = room_names(held)
    found = _rooms(building, np.where(there, number, HALL), there, building.next_room)
    rooms = []
    for room, centre, radius, size in found:
        own = building.rooms[room].centre
        at = centre if room == HALL else _point(own.astype(np.float32))
        name = HALL_NAME if room == HALL else " ".join(names.get(room, ())) or f"room {room}"
        rooms.append(Room(f"{Kind.TOPIC}-{room}", Kind.TOPIC, name, at, radius, size))
    return _largest_first(rooms)


def person_rooms(held: Held) -> list[Room]:
    """Return a room for each author, the largest first."""
    building = held.building
    author = building.columns.rows["author"].astype(np.int64)
    found = _rooms(building, author, building.room_of() >= 0, OTHERS + 1)
    authors = building.authors.names
    names = [*authors, *[OTHERS_NAME] * (OTHERS + 1 - len(authors))]
    return _largest_first(
        [Room(f"{Kind.PERSON}-{i}", Kind.PERSON, names[i] or OTHERS_NAME, at, r, n) for i, at, r, n in found]
    )


def time_rooms(held: Held) -> list[Room]:
    """Return a room for each time, in their order."""
    building = held.building
    there = building.room_of() >= 0
    at_us = building.columns.rows["at_us"]
    cut = times(at_us[there])
    of = cut.of(at_us)
    rooms = []
    for i, centre, radius, size in _rooms(building, of, there, len(cut.begins_us)):
        begin = int(cut.begins_us[i])
        end = int(at_us[there & (of == i)].max())
        name = dated(begin, end, building.offset_min)
        rooms.append(Room(f"{Kind.TIME}-{begin // 1_000_000}", Kind.TIME, name, centre, radius, size))
    return rooms


def places_in(held: Held, room: str) -> NDArray[np.int64] | None:
    """Return the places of the memories of a room, None where there is no such room."""
    building = held.building
    kind, _, number = room.partition("-")
    if not (number.isascii() and number.lstrip("-").isdigit() and len(number) < ROOM_NUMBER_CHARS):
        return None
    rows = building.columns.rows
    there = building.room_of() >= 0
    if kind == Kind.TOPIC:
        inside = building.room_of() == int(number)
    elif kind == Kind.PERSON:
        inside = rows["author"] == int(number)
    elif kind == Kind.TIME:
        cut = times(rows["at_us"][there])
        starts = np.flatnonzero(cut.begins_us // 1_000_000 == int(number))
        inside = np.isin(cut.of(rows["at_us"]), starts)
    else:
        return None
    found = np.flatnonzero(inside & there)
    return found if len(found) else None


def room_names(held: Held) -> dict[int, tuple[str, ...]]:
    """Return the words that name each room of topics; kept until rooms are looked at again."""
    building = held.building
    if held.names[0] != building.laid:
        said: dict[int, list[dict[str, float]]] = {}
        for locus in building.loci.alive().tolist():
            said.setdefault(int(building.loci.room[locus]), []).append(building.loci.words[locus])
        never = {word for name in building.authors.names for word in words(name)}
        spoken = sorted({word for loci in said.values() for held_words in loci for word in held_words})
        counts = building.vocabulary.counts_of(np.array(hashed(spoken), np.int64)).tolist()
        messages = building.vocabulary.messages
        if messages > SAID_MIN:
            never.update(w for w, count in zip(spoken, counts, strict=True) if count > COMMON * messages)
        once = {word for word, count in zip(spoken, counts, strict=True) if count < 2}
        held.names = (building.laid, named(said, never, once))
    return held.names[1]


def strengths(
    building: Building, places: NDArray[np.int64] | slice, now_us: int, decay: float
) -> NDArray[np.float64]:
    """Return how present memories are, 0 to 1."""
    rows = building.columns.rows[places]
    uses = rows["uses"].astype(np.int64)
    return strength(base_level(uses, rows["at_us"], rows["used_us"], now_us, decay))


def tiers_of(
    building: Building,
    now_us: int,
    working_max: int,
    places: NDArray[np.int64] | None = None,
) -> NDArray[np.uint8]:
    """Return the tier of memories, by default of all."""
    rows = building.columns.rows
    first = len(rows) - working(rows["at_us"][-working_max:], now_us, working_max)
    if places is None:
        places = np.arange(len(rows))
    return np.where(places >= first, np.uint8(Tier.WORKING), rows["tier"][places])


def spots(
    building: Building, places: NDArray[np.int64], tiers: NDArray[np.uint8], now_us: int, decay: float
) -> tuple[Spot, ...]:
    """Return memories at these places."""
    rows = building.columns.rows[places]
    at = building.positions(places).tolist()
    strong = strengths(building, places, now_us, decay).tolist()
    room = building.room_of(places).tolist()
    tier = [Tier(t).name.lower() for t in tiers[places].tolist()]
    return tuple(
        Spot(seq, (x, y, z), f"{Kind.TOPIC}-{room[i]}", strong[i], tier[i], moment)
        for i, (seq, (x, y, z), moment) in enumerate(
            zip(rows["seq"].tolist(), at, rows["at_us"].tolist(), strict=True)
        )
    )


def _rooms(
    building: Building, number: NDArray[np.integer], there: NDArray[np.bool_], count: int
) -> list[tuple[int, Point, float, int]]:
    """Return number, middle, radius and size of the groups that memories make."""
    points = building.positions()[there].astype(np.float64)
    own = number[there]
    size = np.bincount(own, minlength=count)
    sums = np.stack([np.bincount(own, points[:, axis], count) for axis in range(3)], 1)
    middle = sums / np.maximum(size, 1)[:, None]
    square = np.bincount(own, ((points - middle[own]) ** 2).sum(1), count) / np.maximum(size, 1)
    radius = np.maximum(RADIUS_RMS * np.sqrt(square), RADIUS_MIN)
    return [(i, _point(middle[i]), float(radius[i]), int(size[i])) for i in np.flatnonzero(size).tolist()]


def _point(at: NDArray[np.floating]) -> Point:
    x, y, z = at.tolist()
    return x, y, z


def _largest_first(rooms: Sequence[Room]) -> list[Room]:
    return sorted(rooms, key=lambda room: -room.size)
