"""The diary: the dreams of a person, in their notes; what is edited or removed drops out of it."""

from collections.abc import Callable, Iterable, Mapping
from zlib import crc32

import msgspec

from homeostat.companion.dream.scene import Dream, Scene
from homeostat.companion.message import Message
from homeostat.companion.store.people import Memory, Notes

NOTE = "dream.diary"
VERSION = 1
DREAMS_MAX = 48
BYTES_MAX = 256 << 10
"""Of all dreams that are kept; the oldest go first."""


class Kept(msgspec.Struct, frozen=True, kw_only=True):
    """A dream, and a check sum of each source as it was."""

    dream: Dream
    sums: dict[int, int]


class Pages(msgspec.Struct, frozen=True, kw_only=True):
    """All that is kept: `generation` is that in which every source was last looked at."""

    version: int
    generation: int
    kept: tuple[Kept, ...]


def dreams_of(memory: Memory) -> tuple[Dream, ...]:
    """Return the dreams that are kept, the newest last, as far as their sources still stand."""
    return tuple(kept.dream for kept in _current(memory).kept)


def add(memory: Memory, dream: Dream, sources: Mapping[int, Message], generation: int) -> int:
    """Keep a dream that was made of these messages; return how many old ones went for it.

    They were read in this generation or a later one: what another server changed since is found out later.
    """
    pages = _current(memory)
    before = pages.kept
    sums = {seq: _sum(message) for seq, message in sources.items()}
    kept = [*before, Kept(dream=dream, sums=sums)]
    sizes = [len(msgspec.msgpack.encode(one)) for one in kept]
    while len(kept) > DREAMS_MAX or (len(kept) > 1 and sum(sizes) > BYTES_MAX):
        del kept[0], sizes[0]
    looked_at = min(generation, pages.generation)
    _put(memory.notes, Pages(version=VERSION, generation=looked_at, kept=tuple(kept)))
    return len(before) + 1 - len(kept)


def remove(memory: Memory, name: str) -> bool:
    """Forget a dream; whether it was there."""
    pages = _current(memory)
    kept = tuple(one for one in pages.kept if one.dream.name != name)
    if len(kept) == len(pages.kept):
        return False
    _put(memory.notes, msgspec.structs.replace(pages, kept=kept))
    return True


def sift(memory: Memory, stays: Callable[[Scene], bool]) -> None:
    """Keep only the scenes that may stay."""
    pages = _current(memory)
    kept = _sifted(pages.kept, lambda one, scene: stays(scene))
    _put(memory.notes, msgspec.structs.replace(pages, kept=kept))


def clear(notes: Notes) -> None:
    """Forget all dreams."""
    notes.put({NOTE: None})


def prune(memory: Memory) -> None:
    """Take out at once what rests on a message that was edited or removed since."""
    _current(memory)


def dreamt(dreams: Iterable[Dream]) -> set[int]:
    """Return the seqs of which was dreamed."""
    return {seq for dream in dreams for seq in dreamt_in(dream.scenes)}


def dreamt_in(scenes: Iterable[Scene]) -> set[int]:
    """Return the seqs that scenes rest on."""
    return {seq for scene in scenes for seq in scene.sources}


def _current(memory: Memory) -> Pages:
    """Return what the notes keep; where messages were changed since, only what still stands is left there."""
    generation = memory.extent().generation
    pages = _pages(memory.notes, generation)
    if pages.generation == generation:
        return pages
    sums = {seq: check for one in pages.kept for seq, check in one.sums.items()}
    there = {message.seq: _sum(message) for message in memory.reading.by_seq(sorted(sums))}

    def stands(one: Kept, scene: Scene) -> bool:
        return all(seq in there and there[seq] == one.sums.get(seq) for seq in scene.sources)

    current = Pages(version=VERSION, generation=generation, kept=_sifted(pages.kept, stands))
    _put(memory.notes, current)
    return current


def _sifted(kept: Iterable[Kept], stays: Callable[[Kept, Scene], bool]) -> tuple[Kept, ...]:
    """Return the dreams of which scenes stay, with nothing of the memories that only others rested on."""
    left = []
    for one in kept:
        dream = one.dream
        scenes = tuple(scene for scene in dream.scenes if stays(one, scene))
        if not scenes:
            continue
        told = dreamt_in(scenes)
        replayed = tuple(reasons for reasons in dream.replayed if reasons.seq in told)
        sums = {seq: check for seq, check in one.sums.items() if seq in told}
        left.append(Kept(dream=msgspec.structs.replace(dream, scenes=scenes, replayed=replayed), sums=sums))
    return tuple(left)


def _pages(notes: Notes, generation: int) -> Pages:
    note = notes.get(NOTE)
    if note is not None:
        try:
            pages = msgspec.msgpack.decode(note, type=Pages)
        except msgspec.MsgspecError:  # written by another version: dreams are not learned, they are gone
            return Pages(version=VERSION, generation=generation, kept=())
        if pages.version == VERSION:
            return pages
    return Pages(version=VERSION, generation=generation, kept=())


def _put(notes: Notes, pages: Pages) -> None:
    notes.put({NOTE: msgspec.msgpack.encode(pages) if pages.kept else None})


def _sum(message: Message) -> int:
    return crc32(message.text.encode("utf-8", "surrogatepass"))
