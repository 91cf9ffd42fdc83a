"""The building: rooms, loci and memories of one person, learned message by message.

A memory is put to the locus (a small cluster of like memories) whose mean it is most like; loci make up
rooms. A memory never leaves its locus, and rooms change only where one is divided in two or two are joined:
that is why most memories stand tomorrow where they stand today. What is learned does not depend on how the
messages were cut into pieces.
"""

import math
from dataclasses import dataclass
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

from homeostat.companion.message import Message
from homeostat.companion.palace.authors import Authors
from homeostat.companion.palace.columns import Columns
from homeostat.companion.palace.grouping import lengths
from homeostat.companion.palace.layout import NEAREST, ROOM_RADIUS, projection
from homeostat.companion.palace.loci import HALL, Loci
from homeostat.companion.palace.tiers import Tier
from homeostat.companion.palace.topics import Topics
from homeostat.companion.palace.vocabulary import Saying, Vocabulary, sketch

LOCI_GROWTH = 5.0
"""Loci are founded up to this times the square root of the messages."""

GONE = 0xFFFF
"""The locus of a memory that was removed, until its row is dropped."""

ROOMS_GROWTH = 0.7
"""As many rooms as this times the square root of the messages, up to the knob's bound."""

WORD_LENGTH_MIN = 3
SAID_MIN = 50
"""Of fewer messages it is not known which words are common."""
COMMON = 0.2
"""Words that are in more than this share of the messages name no room."""

_REACH = 0.9 * ROOM_RADIUS
_STEP = 1.2
_AROUND = 0.12


@dataclass(slots=True)
class Standing:
    """A room: where its middle is, and the count of messages when it was founded."""

    centre: NDArray[np.float64]
    born: int


@dataclass(frozen=True, slots=True)
class Shape:
    """What the knobs say: how many rooms at most, and how much a division must gain, as a share of the
    memories in the room."""

    rooms_max: int = 64
    split_gain: float = 0.02

    def rooms(self, messages: int) -> int:
        """Return how many rooms there may be for so many messages."""
        return min(self.rooms_max, max(1, round(ROOMS_GROWTH * math.sqrt(messages))))


class Building:
    """What was learned of one person. `learned` is the seq up to which, `taken` the number of messages.

    `laid` grows whenever something moved that was there before; `moved` counts memories that changed rooms.

    While a changed history is learned anew (`renewing`), memories stay where they were unless their own text
    has changed; the rows behind `learned` are those of before, and nothing else is left of what was removed.
    """

    def __init__(self, model: str, dimensions: int, capacity: int) -> None:
        self.model = model
        self.generation = 0
        self.learned = 0
        self.taken = 0
        self.renewing = False
        self.deferred: list[int] = []
        self.vocabulary = Vocabulary()
        self.loci = Loci(dimensions, capacity)
        self.rooms: dict[int, Standing] = {HALL: Standing(np.zeros(3), 0)}
        self.next_room = 1
        self.columns = Columns()
        self.authors = Authors()
        self.topics = Topics(np.zeros(dimensions, np.float32))
        self.fit = 0.0
        self.usual = 0.0
        self.founded = 0
        self.offset_min = 0
        self.moved = 0
        self.laid = 0
        self._map = projection(dimensions)
        self._cohering: NDArray[np.float64] = np.ones(1)

    @property
    def size_bytes(self) -> int:
        """About what it takes in memory."""
        said = sum(map(len, self.loci.words)) * 110
        arrays = self.loci.sums.nbytes + self.vocabulary.counts.nbytes
        return self.columns.size_bytes + self.topics.size_bytes + arrays + said

    def take(self, message: Message, row: NDArray[np.float32] | None, shape: Shape) -> None:
        """Take in the next message; `row` is its unit vector, None where the words are to say it."""
        saying = self.vocabulary.read(message.text)
        own = sketch(saying) if row is None else self.topics.centred(row)
        context = self.topics.in_talk(message, own)
        self.vocabulary.add(saying)
        crc = crc32(message.text.encode("utf-8", "replace"))
        author = self.authors.number(message.author)
        place = self._held(message.seq) if self.renewing else None
        if place is None:
            locus = self._place(context, shape)
            offset = self._offset(locus, own if own.any() else context)
            at = message.at_us
            self.columns.append((at, at, message.seq, crc, locus, author, 0, offset, Tier.SHORT, 0))
        else:
            locus = self._kept(place, message, crc, author)
        self.loci.add(locus, context)
        self._say(locus, saying)
        self.learned = message.seq
        self.offset_min = message.offset_min
        self.taken += 1

    def place_anew(self, message: Message, row: NDArray[np.float32] | None, shape: Shape) -> None:
        """Put a memory whose text has changed where it belongs now; until then it stood in the hall."""
        saying = self.vocabulary.read(message.text)
        own = sketch(saying) if row is None else self.topics.centred(row)
        places = self.columns.find(np.array([message.seq]))
        if len(places) == 0 or self.columns.rows["locus"][places[0]] != HALL:
            return
        locus = self._place(own, shape)
        self.loci.count[HALL] -= 1
        self.loci.add(locus, own)
        self._say(locus, saying)
        self.columns.rows["locus"][places[0]] = locus
        self.columns.rows["offset"][places[0]] = self._offset(locus, own)
        self.columns.touch(places)
        self.laid += 1

    def positions(self, places: NDArray[np.int64] | slice = slice(None)) -> NDArray[np.float32]:
        """Return where memories stand, shape (n, 3)."""
        rows = self.columns.rows[places]
        locus = np.minimum(rows["locus"], len(self.loci.room) - 1)
        found: NDArray[np.float32] = self.loci_positions()[locus] + rows["offset"].astype(np.float32)
        return found

    def loci_positions(self) -> NDArray[np.float32]:
        """Return where loci stand, those that are free at the middle of the hall."""
        return self.centres()[self.loci.room] + self.loci.place

    def centres(self) -> NDArray[np.float32]:
        """Return the middles of rooms, by their numbers."""
        found = np.zeros((self.next_room, 3), np.float32)
        for room, standing in self.rooms.items():
            found[room] = standing.centre
        return found

    def room_of(self, places: NDArray[np.int64] | slice = slice(None)) -> NDArray[np.int32]:
        """Return the room of memories, -1 for those that are gone."""
        locus = self.columns.rows["locus"][places]
        there = locus != GONE
        found: NDArray[np.int32] = np.where(there, self.loci.room[np.where(there, locus, 0)], -1)
        return found.astype(np.int32)

    def settle(self) -> None:
        """Round what is kept in 16 bits, so that to go on is the same as to be read again and go on."""
        alive = self.loci.alive()
        self.loci.restore(alive, self.loci.means(alive), self.loci.count[alive])
        self.topics.settle()
        self.measure(*self.room_sums())

    def measure(self, ids: list[int], sums: NDArray[np.float32]) -> None:
        """Take note of how much each room coheres, given what `room_sums` says."""
        self._cohering = np.ones(self.next_room)
        self._cohering[ids] = np.maximum(lengths(sums), 1e-9)

    def room_sums(self) -> tuple[list[int], NDArray[np.float32]]:
        """Return the rooms but the hall, and the sum of the vectors in each."""
        alive = self.loci.alive()
        ids, where = np.unique(self.loci.room[alive], return_inverse=True)
        belongs = np.zeros((len(ids), len(alive)), np.float32)
        belongs[where, np.arange(len(alive))] = 1
        return ids.tolist(), belongs @ self.loci.sums[alive]

    def room_sizes(self) -> NDArray[np.float64]:
        """Return how many memories stand in each room, by its number."""
        return np.bincount(self.loci.room, self.loci.count, self.next_room).astype(np.float64)

    def renew(self, generation: int) -> None:
        """Begin to learn the whole history again: nothing is left of its words, places are remembered."""
        self.generation = generation
        self.renewing = True
        self.learned = 0
        self.vocabulary = Vocabulary()
        self.topics = Topics(np.zeros_like(self.topics.mean))
        self.authors = Authors()
        for locus in np.flatnonzero(self.loci.count > 0):
            self.loci.drop(int(locus))
        self.laid += 1

    def verified(self, after: int, upto: int, present: NDArray[np.int64]) -> None:
        """While renewing: of the memories behind `after` up to `upto` only those at `present` are left."""
        seqs = self.columns.rows["seq"]
        begin, end = np.searchsorted(seqs, [after + 1, upto + 1])
        gone = np.arange(begin, end)[~np.isin(seqs[begin:end], present)]
        self.columns.rows["locus"][gone] = GONE
        self.columns.touch(gone)

    def renewed(self) -> None:
        """All of the history was learned again: drop what is gone, and rooms that are empty."""
        rows = self.columns.rows
        self.columns = Columns(rows[rows["locus"] != GONE].copy())
        self.renewing = False
        self.taken = len(self.columns)
        for standing in self.rooms.values():
            standing.born = min(standing.born, self.taken)
        sizes = self.room_sizes()
        for room in [i for i in self.rooms if i != HALL and sizes[i] == 0]:
            del self.rooms[room]
        self.measure(*self.room_sums())
        self.laid += 1

    def _held(self, seq: int) -> int | None:
        places = self.columns.find(np.array([seq]))
        return int(places[0]) if len(places) else None

    def _kept(self, place: int, message: Message, crc: int, author: int) -> int:
        row = self.columns.rows[place]
        if row["crc"] != crc:
            if message.seq not in self.deferred:
                self.deferred.append(message.seq)
            row["locus"] = HALL
            row["crc"] = crc
            row["offset"] = 0
        row["author"] = author
        row["at_us"] = message.at_us
        self.columns.touch(np.array([place]))
        return int(row["locus"])

    def _place(self, row: NDArray[np.float32], shape: Shape) -> int:
        """Choose the locus of a memory; found one for what is unlike all, if one is free."""
        if not row.any():
            return HALL
        near, cosine = self.loci.nearest(row)
        unlike = cosine < self.fit
        self.fit += (cosine - self.fit) / min(self.taken + 1.0, 200.0)
        if near != HALL and (not unlike or self.founded >= LOCI_GROWTH * math.sqrt(self.taken)):
            return near
        if self.loci.used == self.loci.capacity or self.renewing:
            return near
        self.founded += 1
        return self._found(row, near, cosine, shape)

    def _found(self, row: NDArray[np.float32], near: int, cosine: float, shape: Shape) -> int:
        if near == HALL:
            return self.loci.found(self.open_room(np.zeros(3)), np.zeros(3, np.float32))
        room, alike = self._nearest_room(row)
        novel = alike < self.usual
        self.usual += (alike - self.usual) / 50.0
        if novel and len(self.rooms) <= shape.rooms(self.taken):
            where = self.rooms[room].centre + self._away(row, room)
            return self.loci.found(self.open_room(where), np.zeros(3, np.float32))
        place = np.zeros(3, np.float32)
        if room == self.loci.room[near]:
            away = self._map.T @ (row - self.loci.direction(near))
            away /= np.float32(max(float(np.linalg.norm(away)), 1e-9))
            place = self.loci.place[near] + np.float32(_STEP * (1.0 - cosine)) * away
            place *= np.float32(min(1.0, _REACH / max(float(np.linalg.norm(place)), 1e-9)))
        return self.loci.found(room, place)

    def _nearest_room(self, row: NDArray[np.float32]) -> tuple[int, float]:
        alive = self.loci.count > 0
        products = (self.loci.sums @ row)[alive].astype(np.float64)
        alike = np.bincount(self.loci.room[alive], products, self.next_room).astype(np.float64)
        cohering = np.ones(self.next_room)
        cohering[: len(self._cohering)] = self._cohering
        alike /= cohering
        there = np.bincount(self.loci.room[alive], minlength=self.next_room) > 0
        there[HALL] = False
        best = int(np.where(there, alike, -np.inf).argmax())
        return best, float(alike[best])

    def _away(self, row: NDArray[np.float32], room: int) -> NDArray[np.float64]:
        """Return a step out of a room, in the direction in which a memory differs from what is there."""
        own = self.loci.sums[(self.loci.room == room) & (self.loci.count > 0)].sum(0)
        step = (self._map.T @ (row - own / max(float(np.linalg.norm(own)), 1e-9))).astype(np.float64)
        found: NDArray[np.float64] = NEAREST * step / max(float(np.linalg.norm(step)), 1e-9)
        return found

    def _offset(self, locus: int, row: NDArray[np.float32]) -> NDArray[np.float16]:
        if locus == HALL:
            return np.zeros(3, np.float16)
        away = self._map.T @ (row - self.loci.direction(locus) if self.loci.count[locus] else row * 0)
        scaled = away * np.float32(_AROUND * math.sqrt(self.loci.dimensions))
        return scaled.astype(np.float16)

    def _say(self, locus: int, saying: Saying) -> None:
        if locus == HALL:
            return
        common = -math.log(COMMON) if self.taken > SAID_MIN else 0.0
        weights = {
            word: weight
            for word, weight in zip(saying.words, saying.rarity.tolist(), strict=True)
            if weight > common and len(word) >= WORD_LENGTH_MIN
        }
        if weights:
            self.loci.say(locus, weights)

    def open_room(self, centre: NDArray[np.float64]) -> int:
        """Make a room, which must get a locus at once; return its number."""
        room = self.next_room
        self.next_room += 1
        self.rooms[room] = Standing(centre, self.taken)
        return room

    def close_room(self, gone: int, kept: int) -> None:
        """Put the loci of one room to another; they stay where they stand."""
        moving = np.flatnonzero((self.loci.room == gone) & (self.loci.count > 0))
        step = self.rooms[gone].centre - self.rooms[kept].centre
        self.loci.place[moving] += step.astype(np.float32)
        self.loci.room[moving] = kept
        self.moved += int(self.loci.count[moving].sum())
        del self.rooms[gone]
