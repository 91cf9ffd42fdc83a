"""The archive: everything of one person in one zip file, in forms that any language reads.

    manifest.json              format, version, person, when, extent, and what else there is
    messages.jsonl             one message a line, in the order of their seqs
    vectors/KIND.seqs.npy      int64, ascending: of which messages there are rows
    vectors/KIND.rows.npy      int8, one row a seq; manifest.json says which model made them
    notes/NAME                 what a part has learned, in its own form

docs/reference/companion-archive.md describes every field. The archive is as secret as the memory: it is not
encrypted.
"""

import io
import zipfile
from collections.abc import Iterator

import msgspec
import numpy as np
from numpy.typing import NDArray

from homeostat.companion.exchange.held import kinds_of, notes_of
from homeostat.companion.message import Message
from homeostat.companion.store.people import Memory, People
from homeostat.core.clock import Clock

FORMAT = "homeostat-companion"
VERSION = 1
PAGE = 2_000
"""Messages that are read at once; between pages the memory is free for others."""

EPOCH = (1980, 1, 1, 0, 0, 0)
"""The time of each entry: two archives of the same memory differ in their manifest alone."""


class Rows(msgspec.Struct, frozen=True):
    """The rows of one kind."""

    kind: str
    model: str
    count: int
    dimensions: int


class Manifest(msgspec.Struct, frozen=True, kw_only=True):
    """What an archive says of itself. `generation` is that of the memory when it was begun."""

    format: str
    version: int
    person: str
    exported_us: int
    messages: int
    last_seq: int
    generation: int
    vectors: list[Rows]
    notes: list[str]


def archived(people: People, person: str, clock: Clock, *, vectors: bool = True) -> Iterator[bytes]:
    """Yield the archive of a person in pieces, of which one is held at a time.

    A message that is edited meanwhile is in it as it was or as it is. Raises UnknownPerson with the first
    piece.
    """
    pieces = _Pieces()
    with zipfile.ZipFile(pieces, "w", zipfile.ZIP_STORED) as archive:
        count = 0
        after = 0
        with archive.open(_entry("messages.jsonl"), "w", force_zip64=True) as out:
            while True:
                with people.open(person) as memory:
                    if not after:
                        extent = memory.extent()
                    page = memory.reading.after(after, PAGE)
                out.write(_lines(page))
                count += len(page)
                if len(page) < PAGE:
                    break
                after = page[-1].seq
                yield pieces.taken()
        with people.open(person) as memory:
            rows = list(_put_vectors(archive, memory)) if vectors else []
            notes = _put_notes(archive, memory)
        manifest = Manifest(
            format=FORMAT,
            version=VERSION,
            person=person,
            exported_us=clock.now_ns() // 1_000,
            messages=count,
            last_seq=extent.last,
            generation=extent.generation,
            vectors=rows,
            notes=notes,
        )
        archive.writestr(_entry("manifest.json"), msgspec.json.format(msgspec.json.encode(manifest)))
    yield pieces.taken()


def _lines(page: list[Message]) -> bytes:
    lines: bytes = msgspec.json.Encoder().encode_lines(page)
    return lines


def _put_vectors(archive: zipfile.ZipFile, memory: Memory) -> Iterator[Rows]:
    for kind, model in kinds_of(memory).items():
        seqs, rows = memory.vectors.load(kind, model)
        if len(seqs):
            archive.writestr(_entry(f"vectors/{kind}.seqs.npy"), _npy(seqs))
            archive.writestr(_entry(f"vectors/{kind}.rows.npy"), _npy(rows))
            yield Rows(kind, model, len(seqs), rows.shape[1])


def _put_notes(archive: zipfile.ZipFile, memory: Memory) -> list[str]:
    there = []
    for name in notes_of(memory):
        note = memory.notes.get(name)
        if note is not None:
            archive.writestr(_entry(f"notes/{name}"), note)
            there.append(name)
    return there


def _npy(values: NDArray[np.int64] | NDArray[np.int8]) -> bytes:
    out = io.BytesIO()
    np.lib.format.write_array(out, values, allow_pickle=False)
    return out.getvalue()


def _entry(name: str) -> zipfile.ZipInfo:
    return zipfile.ZipInfo(name, EPOCH)


class _Pieces(io.RawIOBase):
    """A file that is written once from its beginning, and taken away as it grows."""

    def __init__(self) -> None:
        super().__init__()
        self._pieces: list[bytes] = []

    def writable(self) -> bool:
        return True

    def write(self, data: object) -> int:
        piece = bytes(data)  # type: ignore[call-overload]
        self._pieces.append(piece)
        return len(piece)

    def taken(self) -> bytes:
        pieces, self._pieces = self._pieces, []
        return b"".join(pieces)
