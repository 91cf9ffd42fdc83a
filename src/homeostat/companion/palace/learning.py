"""Learning: messages are taken one by one; now and then rooms are divided or joined and laid out."""

import numpy as np
from numpy.typing import NDArray

from homeostat.companion.message import Message
from homeostat.companion.palace import grouping
from homeostat.companion.palace.building import GONE, Building, Shape
from homeostat.companion.palace.layout import eased, reaches, targets

TEND_EVERY = 32
"""Messages from one look at the rooms to the next."""

SETTLE_EVERY = 64
"""Messages from one moment at which what was learned may be kept to the next."""

SIZE_MIN = 4
"""Memories that a room has at least when it is divided off another."""

LOOKED_AT = 3
FREE_MIN = 8
JOIN_BELOW = 0.3
"""Rooms are joined where that loses less than this share of what dividing them would have to gain."""

REST = 64
"""A new room is left alone for so many messages."""


def learn(building: Building, message: Message, row: NDArray[np.float32] | None, shape: Shape) -> None:
    """Take in the next message; `row` is its unit vector, None where the words are to say it."""
    building.take(message, row, shape)
    if building.taken % TEND_EVERY == 0 and not building.renewing:
        tend(building, shape)
    if building.taken % SETTLE_EVERY == 0:
        building.settle()


def tend(building: Building, shape: Shape) -> None:
    """Look at the rooms: divide one, join two, and let the layout follow. Costs about 1 ms."""
    _free_loci(building)
    ids, sums = building.room_sums()
    if _divide(building, ids, sums, shape) or _join(building, ids, sums, shape):
        ids, sums = building.room_sums()
    if len(ids) > 1:
        ages = np.array([building.taken - building.rooms[i].born for i in ids])
        reach = reaches(building.room_sizes()[ids], ages)
        centres = eased(np.array([building.rooms[i].centre for i in ids]), targets(sums), reach)
        for i, centre in zip(ids, centres, strict=True):
            building.rooms[i].centre = centre
    building.measure(ids, sums)
    building.laid += 1


def _free_loci(building: Building) -> None:
    """Where few numbers are free, join pairs of loci of the same room that are most alike."""
    loci = building.loci
    if loci.used < loci.capacity - FREE_MIN:
        return
    alive = loci.alive()
    room = loci.room[alive]
    pairs = grouping.cheap_joins(loci.sums[alive], room[:, None] == room[None, :], loci.capacity // 8)
    renamed = np.arange(GONE + 1, dtype=np.uint16)
    shift = np.zeros((GONE + 1, 3), np.float16)
    for a, b in alive[pairs].tolist():
        kept, gone = (a, b) if loci.count[a] >= loci.count[b] else (b, a)
        place = loci.merge(kept, gone)
        renamed[gone] = kept
        shift[gone] = loci.place[gone] - place
        shift[kept] = loci.place[kept] - place
        loci.place[kept] = place
    rows = building.columns.rows
    rows["offset"] += shift[rows["locus"]]
    rows["locus"] = renamed[rows["locus"]]
    building.columns.touch(np.arange(len(rows)))


def _divide(building: Building, ids: list[int], sums: NDArray[np.float32], shape: Shape) -> bool:
    if len(ids) >= shape.rooms(building.taken):
        return False
    parts = building.loci.alive()
    room = building.loci.room[parts]
    each = np.bincount(room, grouping.lengths(building.loci.sums[parts]), building.next_room)
    most = each[ids] - grouping.lengths(sums)
    best: tuple[float, int, NDArray[np.int64]] | None = None
    for i in np.argsort(-most, kind="stable")[:LOOKED_AT]:
        own = parts[room == ids[i]]
        found = grouping.divided(building.loci.sums[own], building.loci.count[own], SIZE_MIN)
        if found is None or found.gain <= shape.split_gain * int(building.loci.count[own].sum()):
            continue
        if best is None or found.gain > best[0]:
            best = (found.gain, ids[i], own[found.leaving])
    if best is None:
        return False
    _move_out(building, best[1], best[2])
    return True


def _move_out(building: Building, room: int, loci: NDArray[np.int64]) -> None:
    """Make a new room of loci, which stay where they stand."""
    weights = building.loci.count[loci].astype(np.float64)
    middle = np.average(building.loci.place[loci].astype(np.float64), axis=0, weights=weights)
    new = building.open_room(building.rooms[room].centre + middle)
    building.loci.room[loci] = new
    building.loci.place[loci] -= middle.astype(np.float32)
    building.moved += int(weights.sum())


def _join(building: Building, ids: list[int], sums: NDArray[np.float32], shape: Shape) -> bool:
    """Join rooms that are most alike where there are too many; else two that are all but one."""
    excess = len(ids) - shape.rooms_max
    rested = np.array([excess > 0 or building.taken - building.rooms[i].born >= REST for i in ids], bool)
    joins = grouping.cheap_joins(sums, rested[:, None] & rested[None, :], max(excess, 1))
    sizes = building.room_sizes()
    joined = False
    for i, j in joins.tolist():
        kept, gone = (ids[i], ids[j]) if sizes[ids[i]] >= sizes[ids[j]] else (ids[j], ids[i])
        allowed = JOIN_BELOW * shape.split_gain * sizes[gone]
        if excess > 0 or grouping.loss(sums[i], sums[j]) <= allowed:
            building.close_room(gone, kept)
            joined = True
    return joined
