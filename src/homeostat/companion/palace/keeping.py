"""Keeping: a building as notes, and back. A head with what all share, and pages of columns."""

import msgspec
import numpy as np
from numpy.typing import NDArray

from homeostat.companion.palace.authors import Authors
from homeostat.companion.palace.building import Building, Standing
from homeostat.companion.palace.columns import ROW, Columns
from homeostat.companion.palace.topics import Topics
from homeostat.companion.palace.vocabulary import BUCKETS, Vocabulary

VERSION = 1
HEAD = "palace"


class Head(msgspec.Struct, frozen=True, array_like=True):
    """All of a building but its columns. Arrays are bytes, little-endian."""

    version: int
    model: str
    dimensions: int
    capacity: int
    generation: int
    learned: int
    taken: int
    renewing: bool
    deferred: list[int]
    founded: int
    fit: float
    usual: float
    moved: int
    next_room: int
    rooms: list[tuple[int, float, float, float, int]]
    authors: list[str]
    talks: list[tuple[str, int, bytes]]
    loci: bytes
    counts: bytes
    loci_rooms: bytes
    places: bytes
    means: bytes
    words: list[dict[str, float]]
    mean: bytes
    mean_of: int
    messages: int
    vocabulary: bytes
    rows: int
    offset_min: int


def page_name(page: int) -> str:
    """Return the name of the note that holds a page of columns."""
    return f"{HEAD}.{page}"


def kept(building: Building, pages_before: int) -> dict[str, bytes | None]:
    """Return what must be put so that the notes hold the building; `pages_before` are there by now."""
    loci, topics = building.loci, building.topics
    named = np.union1d(loci.alive(), np.flatnonzero(loci.count > 0))
    if building.renewing:
        named = np.arange(len(loci.count))
    counts = loci.count[named]
    head = Head(
        version=VERSION,
        model=building.model,
        dimensions=loci.dimensions,
        capacity=loci.capacity,
        generation=building.generation,
        learned=building.learned,
        taken=building.taken,
        renewing=building.renewing,
        deferred=building.deferred,
        founded=building.founded,
        fit=building.fit,
        usual=building.usual,
        moved=building.moved,
        next_room=building.next_room,
        rooms=[(i, *s.centre.tolist(), s.born) for i, s in building.rooms.items()],
        authors=building.authors.names,
        talks=[(talk, at, row.astype("<f2").tobytes()) for talk, (at, row) in topics.talks.items()],
        loci=named.astype("<u2").tobytes(),
        counts=counts.astype("<u4").tobytes(),
        loci_rooms=loci.room[named].astype("<u4").tobytes(),
        places=loci.place[named].astype("<f4").tobytes(),
        means=loci.means(named).astype("<u2").tobytes(),
        words=[loci.words[locus] for locus in named],
        mean=topics.mean.astype("<f4").tobytes(),
        mean_of=topics.mean_of,
        messages=building.vocabulary.messages,
        vocabulary=building.vocabulary.counts.astype("<u2").tobytes(),
        rows=len(building.columns),
        offset_min=building.offset_min,
    )
    notes: dict[str, bytes | None] = {HEAD: msgspec.msgpack.encode(head)}
    notes.update((page_name(page), body) for page, body in building.columns.take_changed())
    notes.update((page_name(page), None) for page in range(building.columns.pages, pages_before))
    return notes


def head_of(note: bytes) -> Head | None:
    """Return the head in a note; None where another version wrote it: all is learned anew then."""
    try:
        return msgspec.msgpack.decode(note, type=Head)
    except msgspec.DecodeError:
        return None


def restored(head: Head, pages: list[bytes]) -> Building | None:
    """Return the building that was kept; None where something is missing."""
    rows = np.frombuffer(b"".join(pages), ROW).copy()
    if head.version != VERSION or len(rows) < head.rows:
        return None
    building = Building(head.model, head.dimensions, head.capacity)
    building.generation = head.generation
    building.learned, building.taken = head.learned, head.taken
    building.renewing, building.deferred = head.renewing, head.deferred
    building.founded, building.fit, building.usual = head.founded, head.fit, head.usual
    building.moved, building.next_room = head.moved, head.next_room
    building.offset_min = head.offset_min
    talks = ((talk, (at, np.frombuffer(row, "<f2").astype(np.float32))) for talk, at, row in head.talks)
    building.topics = Topics(np.frombuffer(head.mean, "<f4").astype(np.float32), head.mean_of, talks)
    building.rooms = {i: Standing(np.array([x, y, z]), born) for i, x, y, z, born in head.rooms}
    building.authors = Authors(head.authors)
    building.vocabulary = Vocabulary(head.messages, _array(head.vocabulary, "<u2", np.uint16, BUCKETS))
    building.columns = Columns(rows[: head.rows])
    building.columns.changed.clear()
    _restore_loci(building, head)
    building.measure(*building.room_sums())
    return building


def _restore_loci(building: Building, head: Head) -> None:
    loci = building.loci
    named = np.frombuffer(head.loci, "<u2").astype(np.int64)
    counts = np.frombuffer(head.counts, "<u4").astype(np.int64)
    loci.reserve(int(named.max(initial=0)) + 1)
    loci.room[named] = np.frombuffer(head.loci_rooms, "<u4")
    loci.place[named] = np.frombuffer(head.places, "<f4").reshape(-1, 3)
    means = np.frombuffer(head.means, "<u2").reshape(len(named), loci.dimensions)
    loci.restore(named, means, counts)
    for locus, said in zip(named.tolist(), head.words, strict=True):
        loci.words[locus] = said


def _array(body: bytes, kind: str, wanted: type[np.uint16], size: int) -> NDArray[np.uint16]:
    return np.frombuffer(body, kind, size).astype(wanted)
