"""The file of a module: read as one state of it, and told apart from later states."""

import codecs
import hashlib
import os
from collections.abc import Iterator
from io import FileIO
from pathlib import Path
from typing import NamedTuple

from homeostat.core.clock import SECOND_NS
from homeostat.core.errors import InputError
from homeostat.prompts.library.decoding import BYTE_ORDER_MARKS, decode

CHUNK_BYTES = 64 * 1024
ATTEMPTS = 3

TIMESTAMP_NS = 2 * SECOND_NS
"""The coarsest time of change that file systems keep: within it, two states may look alike."""


class Stamp(NamedTuple):
    """What tells states of a file apart without reading it."""

    modified_ns: int
    changed_ns: int
    size_bytes: int
    inode: int
    device: int


class FileState(NamedTuple):
    """One state of a file. `certain` is False where a later state may have the same stamp."""

    stamp: Stamp
    certain: bool
    digest: bytes
    size_bytes: int
    text: str


def stamp_of(path: Path) -> Stamp:
    """Return the stamp of a file. Raises OSError."""
    return _stamp(path.stat())


def _stamp(found: os.stat_result) -> Stamp:
    return Stamp(found.st_mtime_ns, found.st_ctime_ns, found.st_size, found.st_ino, found.st_dev)


def read_file(path: Path, now_ns: int) -> FileState:
    """Read a file's text. `now_ns` is the wall time.

    A file that is being written is read again. Raises OSError, and InputError where it is no text or does
    not hold still.
    """
    for _ in range(ATTEMPTS):
        with path.open("rb", buffering=0) as file:
            before = _stamp(os.fstat(file.fileno()))
            data = file.read()
            after = _stamp(os.fstat(file.fileno()))
        if before == after and len(data) == after.size_bytes:
            break
    else:
        raise InputError(f"{path} changes while it is read; write it elsewhere and move it to its place")
    decoded = decode(data)
    if decoded is None:
        raise InputError(f"{path} is not text")
    certain = max(after.modified_ns, after.changed_ns) < now_ns - TIMESTAMP_NS
    return FileState(after, certain, hashlib.sha256(data).digest(), len(data), decoded[0])


def chunks(path: Path) -> Iterator[bytes]:
    """Return a file's text as UTF-8, at most 64 KB at a time.

    UTF-8 is read twice in constant memory, to know that it is; a text in another encoding is read whole,
    since only all of it tells which. A file that is replaced meanwhile is read to its end as it was. Raises
    OSError, and InputError where the file is no text, or is written to meanwhile.
    """
    with path.open("rb", buffering=0) as file:
        before = _stamp(os.fstat(file.fileno()))
        utf8 = _is_utf8(file)
        file.seek(0)
        if utf8:
            chunk = file.read(CHUNK_BYTES).removeprefix(codecs.BOM_UTF8)
            while chunk:
                yield chunk
                chunk = file.read(CHUNK_BYTES)
        else:
            decoded = decode(file.read())
            if decoded is None:
                raise InputError(f"{path} is not text")
            data = decoded[0].encode("utf-8", "surrogatepass")
            yield from (data[at : at + CHUNK_BYTES] for at in range(0, len(data), CHUNK_BYTES))
        after = _stamp(os.fstat(file.fileno()))
        if (after.modified_ns, after.size_bytes) != (before.modified_ns, before.size_bytes):
            raise InputError(f"{path} was written to while it was read; read it again")


def _is_utf8(file: FileIO) -> bool:
    decoder = codecs.getincrementaldecoder("utf-8")()
    chunk = file.read(CHUNK_BYTES)
    if any(chunk.startswith(mark) for mark, encoding in BYTE_ORDER_MARKS if encoding != "utf-8-sig"):
        return False
    try:
        while chunk:
            if b"\0" in chunk:
                return False
            decoder.decode(chunk)
            chunk = file.read(CHUNK_BYTES)
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return False
    return True
