"""Restoring: a memory from its archive, with the same places, so that all of it is as it was."""

import io
import zipfile
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import IO, Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from homeostat.companion.companion import Companion
from homeostat.companion.exchange.archive import FORMAT, VERSION, Manifest, Rows
from homeostat.companion.exchange.keeping import BATCH, highest, keep
from homeostat.companion.message import Message, NewMessage
from homeostat.companion.store.people import Memory
from homeostat.core.errors import InputError, TooLarge

LINE_BYTES_MAX = 16 << 20
PART_BYTES_MAX = 2 << 30
"""Vectors of one kind, or one note, uncompressed."""

DAMAGE = (zipfile.BadZipFile, zipfile.LargeZipFile, zlib.error, EOFError, NotImplementedError, KeyError)

FILLERS_MAX = 1_000_000
"""Places of removed messages that are kept free; an archive with more comes with new seqs."""

FILLER = "homeostat.filler."
"""Begins the ids of messages that hold the places of removed ones while an archive is restored."""

RESTORING = "restoring"
"""The note of a memory that is being restored: where that was interrupted, it goes on."""

Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class Restored:
    """What became of an archive. `whole` says that the memory was new, and is now as it was there."""

    messages: int
    bad: int
    whole: bool


def restore(
    companion: Companion, person: str, file: Path | IO[bytes], progress: Progress = lambda done, total: None
) -> Restored:
    """Bring an archive into a person's memory, whoever's it was.

    Into a new memory everything comes as it was, with its seqs. Beside what is there already only messages
    that are new come, and what is learned of them is learned anew. To do it twice is harmless. Raises
    InputError where it is no archive of ours, or is damaged.
    """
    try:
        with zipfile.ZipFile(file) as archive:
            _check_stored(archive)
            broken = archive.testzip()
            if broken is not None:
                raise InputError(f"the archive is damaged: {broken[:60]!r} is not what was put in")
            return _Restoring(companion, person, archive, progress).run()
    except (*DAMAGE, ValueError) as error:
        raise InputError(f"the archive is damaged or none of ours ({type(error).__name__})") from None


def is_archive(path: Path) -> bool:
    """Tell whether a file is an archive of ours, whole or not."""
    try:
        with zipfile.ZipFile(path) as archive:
            return "manifest.json" in archive.namelist() and "messages.jsonl" in archive.namelist()
    except (zipfile.BadZipFile, OSError):
        return False


class _Restoring:
    """One archive on its way into one memory."""

    def __init__(
        self, companion: Companion, person: str, archive: zipfile.ZipFile, progress: Progress
    ) -> None:
        self._companion = companion
        self._person = person
        self._archive = archive
        self._progress = progress
        self._manifest = _manifest(archive)
        self._fillers: list[str] = []

    def run(self) -> Restored:
        places = self._begin()
        done = bad = reached = 0
        whole = places
        for page in _paged(self._rows(places)):
            results = keep(self._companion, self._person, [new for _, new in page], reached)
            reached = highest(results, reached)
            for (seq, new), result in zip(page, results, strict=True):
                if not isinstance(result, int):
                    bad += 1
                whole = whole and result == seq
                done += not new.id.startswith(FILLER)
            self._progress(done, self._manifest.messages)
        if places:
            self._finish(whole)
            self._companion.residents.drop(self._person)
        return Restored(done - bad, bad, whole)

    def _begin(self) -> bool:
        """Return whether messages are to come to their old places, which takes a new memory."""
        free = self._manifest.last_seq - self._manifest.messages
        if not 0 <= free <= FILLERS_MAX:
            return False
        with self._companion.people.open(self._person, create=True) as memory:
            new = memory.extent().last == 0
            if new:
                memory.notes.put({RESTORING: b"1"})
            return new or memory.notes.get(RESTORING) is not None

    def _rows(self, places: bool) -> Iterator[tuple[int, NewMessage]]:
        """Yield messages with their seqs, and fillers between them where they keep their places."""
        last = 0
        at_us = 0
        for message in _messages(self._archive):
            if message.seq <= last:
                raise InputError(f"messages.jsonl has seq {message.seq} after {last}: it was changed")
            if places:
                yield from self._filled(last + 1, message.seq, message.at_us)
            last, at_us = message.seq, message.at_us
            yield message.seq, _new(message)
        if places:
            yield from self._filled(last + 1, self._manifest.last_seq + 1, at_us)

    def _filled(self, begin: int, end: int, at_us: int) -> Iterator[tuple[int, NewMessage]]:
        for seq in range(begin, end):
            if len(self._fillers) >= FILLERS_MAX:
                raise InputError(f"the archive has more than {FILLERS_MAX} free places: it was changed")
            self._fillers.append(f"{FILLER}{seq}")
            yield seq, NewMessage(id=self._fillers[-1], text=".", at_us=at_us)

    def _finish(self, whole: bool) -> None:
        """Take the fillers out, and bring edits, vectors and notes."""
        with self._companion.people.open(self._person) as memory:
            if whole:
                for message in _messages(self._archive):
                    if message.edited_us:
                        memory.messages.edit(message.id, message.text, message.edited_us)
                for rows in self._manifest.vectors:
                    _bring_rows(memory, self._archive, rows)
                memory.notes.put({name: self._part(f"notes/{name}") for name in self._manifest.notes})
            if self._fillers:
                memory.messages.remove(self._fillers)
            memory.notes.put({RESTORING: None})

    def _part(self, name: str) -> bytes:
        return _part(self._archive, name)


def _check_stored(archive: zipfile.ZipFile) -> None:
    """Refuse entries that are compressed: a small archive could unpack to more than there is memory."""
    for entry in archive.infolist():
        if entry.compress_type != zipfile.ZIP_STORED or entry.file_size != entry.compress_size:
            raise InputError(
                f"{entry.filename[:60]!r} in the archive is compressed: give it as the export wrote it"
            )


def _manifest(archive: zipfile.ZipFile) -> Manifest:
    try:
        found = msgspec.json.decode(_part(archive, "manifest.json"), type=Manifest)
    except (msgspec.DecodeError, KeyError):
        raise InputError("the archive has no manifest.json that can be read: it is none of ours") from None
    if found.format != FORMAT or found.version != VERSION:
        raise InputError(
            f"the archive has format {found.format[:40]!r}, version {found.version}; "
            f"{FORMAT!r}, version {VERSION}, is what is read"
        )
    return found


def _messages(archive: zipfile.ZipFile) -> Iterator[Message]:
    decode = msgspec.json.Decoder(Message).decode
    with archive.open("messages.jsonl") as lines:
        number = 0
        while line := lines.readline(LINE_BYTES_MAX):
            number += 1
            try:
                yield decode(line)
            except (msgspec.DecodeError, UnicodeDecodeError):
                raise InputError(f"line {number} of messages.jsonl is no message") from None


def _paged(rows: Iterator[tuple[int, NewMessage]]) -> Iterator[list[tuple[int, NewMessage]]]:
    while page := list(islice(rows, BATCH)):
        yield page


def _new(message: Message) -> NewMessage:
    return NewMessage(
        id=message.id,
        text=message.text,
        at_us=message.at_us,
        talk=message.talk,
        author=message.author,
        own=message.own,
        offset_min=message.offset_min,
    )


def _bring_rows(memory: Memory, archive: zipfile.ZipFile, told: Rows) -> None:
    seqs = _array(archive, f"vectors/{told.kind}.seqs.npy")
    rows = _array(archive, f"vectors/{told.kind}.rows.npy")
    fits = (
        seqs.dtype == np.int64
        and rows.dtype == np.int8
        and seqs.shape == (told.count,)
        and rows.shape == (told.count, told.dimensions)
    )
    if not fits:
        raise InputError(f"the vectors of {told.kind[:40]!r} are not what the manifest says")
    memory.vectors.put(told.kind, told.model, seqs.tolist(), rows)


def _array(archive: zipfile.ZipFile, name: str) -> NDArray[Any]:
    try:
        found: NDArray[Any] = np.lib.format.read_array(io.BytesIO(_part(archive, name)), allow_pickle=False)
    except ValueError:
        raise InputError(f"{name[:60]!r} in the archive is no array") from None
    return found


def _part(archive: zipfile.ZipFile, name: str) -> bytes:
    size_bytes = archive.getinfo(name).file_size
    if size_bytes > PART_BYTES_MAX:
        raise TooLarge(f"{name[:60]!r} in the archive has {size_bytes} bytes; {PART_BYTES_MAX} are taken")
    return archive.read(name)
