"""The palace: a part of the companion that gives each memory its place, and shows what stands where."""

from collections.abc import Callable, Sequence
from time import perf_counter

import numpy as np
from numpy.typing import NDArray

from homeostat.companion.palace import showing, tiers
from homeostat.companion.palace.following import TURN, Following
from homeostat.companion.palace.grid import Grid
from homeostat.companion.palace.held import Held, taken_up
from homeostat.companion.palace.learning import SETTLE_EVERY
from homeostat.companion.palace.meter import Meter
from homeostat.companion.palace.recalling import followed, recalled
from homeostat.companion.palace.routes import STOPS_MAX, toured
from homeostat.companion.palace.settings import PalaceKnobs
from homeostat.companion.palace.tiers import Reason, Tier
from homeostat.companion.palace.views import Kind, Point, Recalled, Room, Spot, SpotPage, TierSummary
from homeostat.companion.palace.vocabulary import SKETCH_DIMENSIONS, SKETCH_MODEL
from homeostat.companion.palace.walk import Walk
from homeostat.companion.residents import Residents
from homeostat.companion.store.people import Memory
from homeostat.core.embedder import Embedder
from homeostat.core.errors import InputError
from homeostat.runtime.host import Host

LOCI_A_ROOM = 4
SPOTS_MAX = 10_000
WAITING = "palace.uses"
WAITING_MAX = 64
WAITING_BYTES = 500

Ask = Callable[[Grid], NDArray[np.int64]]


class Palace:
    """Learns where memories stand, and tells it. Whoever calls holds the person's memory.

    With an embedder it follows the rows of turns that are kept, and waits for those that are not made yet;
    without one it goes by the words. What it holds of active people is in `residents`.
    """

    name = "palace"

    def __init__(self, host: Host, residents: Residents, embedder: Embedder | None = None) -> None:
        self._residents = residents
        self._clock = host.clock
        self._embedder = embedder
        self._knobs = PalaceKnobs.declared(host)
        self._meter = Meter(host)
        self._following = Following(host.clock, embedder, self._knobs, self._meter)

    def catch_up(self, memory: Memory, limit: int) -> bool:
        """Learn from up to `limit` messages that are new; start anew where the generation has changed.

        Notes are written every 64 messages: what came since is learned again, to the same effect, by a
        process that starts. A message costs about 0.1 ms.
        """
        held = self._held(memory)
        done = self._following.follow(memory, held, limit)
        self._resident(memory, held)
        self._use_late(memory, held)
        return done

    def rooms(self, memory: Memory, kind: Kind = Kind.TOPIC) -> list[Room]:
        """Return the rooms of a kind: topics and people by their size, times in their order."""
        held = self._shown(memory)
        if len(held.building.columns) == 0:
            return []
        show = {
            Kind.TOPIC: showing.topic_rooms,
            Kind.PERSON: showing.person_rooms,
            Kind.TIME: showing.time_rooms,
        }
        return show[kind](held)

    def memories(
        self, memory: Memory, room: str | None = None, after: int = 0, limit: int = 1_000
    ) -> SpotPage:
        """Return up to `limit` memories, of one room or of all, whose seqs follow `after`.

        Raises InputError where there is no such room.
        """
        if not 1 <= limit <= SPOTS_MAX:
            raise InputError(f"a page has 1 to {SPOTS_MAX} memories, not {limit}")
        held = self._shown(memory)
        rows = held.building.columns.rows
        places = held.there(np.arange(len(rows)))
        if room is not None:
            inside = showing.places_in(held, room)
            if inside is None:
                raise InputError(f"there is no room {room!r} (any more): ask for the rooms again")
            places = inside
        places = places[rows["seq"][places] > after]
        page = self._spots(held, places[:limit])
        return SpotPage(page, page[-1].seq if len(places) > limit else None)

    def box(self, memory: Memory, low: Point, high: Point) -> tuple[Spot, ...]:
        """Return the memories that stand from corner to corner, in the order of their seqs."""
        a, b = _point(low), _point(high)
        return self._where(memory, lambda grid: grid.box(a, b))

    def sphere(self, memory: Memory, centre: Point, radius: float) -> tuple[Spot, ...]:
        """Return the memories that stand within `radius` of a point, in the order of their seqs."""
        if not 0 <= radius < 1e6:
            raise InputError(f"a radius is a number from 0 to 1,000,000, not {radius!r}")
        at = _point(centre)
        return self._where(memory, lambda grid: grid.sphere(at, radius))

    def nearest(self, memory: Memory, centre: Point, k: int) -> tuple[Spot, ...]:
        """Return the `k` memories next to a point, the nearest first."""
        if not 1 <= k <= SPOTS_MAX:
            raise InputError(f"k is 1 to {SPOTS_MAX}, not {k}")
        at = _point(centre)
        return self._where(memory, lambda grid: grid.nearest(at, k))

    def walk(self, memory: Memory, rooms: Sequence[str] = ()) -> Walk:
        """Return a walk through rooms of topics, by their ids, and those that lie between them.

        Without ids it goes through the largest rooms. Raises InputError where there is no such room.
        """
        held = self._shown(memory)
        there = {room.id: room for room in self.rooms(memory)}
        unknown = [room for room in rooms if room not in there]
        if unknown:
            raise InputError(f"there is no room {unknown[0]!r} (any more): ask for the rooms again")
        if not there:
            raise InputError("there is no room to walk through yet: nothing was said")
        if len(rooms) > STOPS_MAX:
            raise InputError(f"a walk has up to {STOPS_MAX} stops, not {len(rooms)}")
        building = held.building
        places = held.there(np.arange(len(building.columns)))
        seqs = building.columns.rows["seq"][places].astype(np.int64)
        return Walk(toured(list(there.values()), rooms), seqs, building.positions(places))

    def use(self, memory: Memory, seqs: Sequence[int]) -> None:
        """Say that memories were used: shown, answered with, walked to. Used memories stay present.

        Where the palace is not resident, that waits until it is: who searches does not wait for it.
        """
        now_us = self._now_us()
        held = self._residents.get(memory.person, self.name, Held)
        if held is not None:
            self._use(memory, held, seqs, now_us)
            return
        waiting = self._residents.get(memory.person, WAITING, list) or []
        waiting = [*waiting, (now_us, tuple(seqs))][-WAITING_MAX:]
        self._residents.put(memory.person, WAITING, waiting, size_bytes=WAITING_BYTES * len(waiting))

    def _use(self, memory: Memory, held: Held, seqs: Sequence[int], now_us: int) -> None:
        places = held.building.columns.find(np.array(sorted(set(seqs)), np.int64))
        if len(places) == 0:
            return
        of = showing.tiers_of(held.building, now_us, self._knobs.working_max.get(), places)
        for tier in Tier:
            self._meter.used(tier, int(np.count_nonzero(of == tier)))
        up = tiers.used(held.building.columns.rows, places, now_us)
        self._meter.consolidated(Reason.REHEARSED, up)
        held.note_uses(memory, places)

    def recall(self, memory: Memory, query: NDArray[np.float32], k: int = 10) -> list[Recalled]:
        """Return the `k` memories most alike to a vector of the embedder, looked for tier by tier.

        Long-term memories are looked for in compressed rows. Raises InputError without an embedder.
        """
        if self._embedder is None:
            raise InputError("memories are recalled by vectors of an embedder, and this palace has none")
        if query.shape != (self._embedder.dimensions,) or not np.isfinite(query).all():
            raise InputError(f"a query has {self._embedder.dimensions} finite numbers, not {query.shape}")
        held = self._shown(memory)
        now_us = self._now_us()
        of = showing.tiers_of(held.building, now_us, self._knobs.working_max.get())
        columns = held.building.columns
        held.rows = followed(memory, columns, TURN, self._embedder.model, held.rows)
        found = recalled(held.rows, query, k, of, self._meter)
        places = np.array([place for place, _ in found], np.int64)
        strong = showing.strengths(held.building, places, now_us, self._knobs.decay.get())
        seqs = held.building.columns.rows["seq"][places]
        self._resident(memory, held)
        return [
            Recalled(int(seq), alike, float(strength), Tier(of[place]).name.lower())
            for seq, (place, alike), strength in zip(seqs, found, strong, strict=True)
        ]

    def tiers(self, memory: Memory) -> list[TierSummary]:
        """Return what the three tiers hold."""
        held = self._shown(memory)
        now_us = self._now_us()
        building = held.building
        of = showing.tiers_of(building, now_us, self._knobs.working_max.get())
        strong = showing.strengths(building, slice(None), now_us, self._knobs.decay.get())
        there = building.room_of() >= 0
        summaries = []
        for tier in Tier:
            own = strong[(of == tier) & there]
            summaries.append(TierSummary(tier.name.lower(), len(own), float(own.mean()) if len(own) else 0.0))
        return summaries

    def presence(self, memory: Memory) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
        """Return all memories by their seqs, ascending, and how present each is, 0 to 1."""
        building = self._shown(memory).building
        strong = showing.strengths(building, slice(None), self._now_us(), self._knobs.decay.get())
        return building.columns.rows["seq"].astype(np.int64), strong

    def _where(self, memory: Memory, ask: Ask) -> tuple[Spot, ...]:
        held = self._shown(memory)
        grid = held.grid()
        began = perf_counter()
        places = ask(grid)
        self._meter.queried((perf_counter() - began) * 1e3)
        return self._spots(held, held.there(places)[:SPOTS_MAX])

    def _spots(self, held: Held, places: NDArray[np.int64]) -> tuple[Spot, ...]:
        now_us = self._now_us()
        of = showing.tiers_of(held.building, now_us, self._knobs.working_max.get())
        return showing.spots(held.building, places, of, now_us, self._knobs.decay.get())

    def _now_us(self) -> int:
        return self._clock.now_ns() // 1_000

    def _held(self, memory: Memory) -> Held:
        held = self._residents.get(memory.person, self.name, Held)
        if held is None:
            model, dimensions = SKETCH_MODEL, SKETCH_DIMENSIONS
            if self._embedder is not None:
                model, dimensions = self._embedder.model, self._embedder.dimensions
            held = taken_up(memory, model, dimensions, LOCI_A_ROOM * self._knobs.rooms_max.get())
        return held

    def _shown(self, memory: Memory) -> Held:
        """Return the palace; one that was read from the notes just now first learns what came since these."""
        held = self._held(memory)
        if held.fresh:
            self._following.follow(memory, held, SETTLE_EVERY)
            self._resident(memory, held)
            self._use_late(memory, held)
        return held

    def _use_late(self, memory: Memory, held: Held) -> None:
        """Count the uses of when the palace was not resident."""
        waiting = self._residents.get(memory.person, WAITING, list)
        if waiting:
            self._residents.put(memory.person, WAITING, [], size_bytes=0)
            for now_us, seqs in waiting:
                self._use(memory, held, seqs, now_us)

    def _resident(self, memory: Memory, held: Held) -> None:
        self._residents.put(memory.person, self.name, held, size_bytes=held.size_bytes, spare=True)


def _point(at: Point) -> NDArray[np.float32]:
    found = np.array(at, np.float32)
    if found.shape != (3,) or not np.isfinite(found).all():
        raise InputError("a point in the palace has three finite numbers: x, y, z")
    return found
