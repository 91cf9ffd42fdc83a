"""The text file: its lines, unpacked if need be, with what cannot be read told in one sentence."""

import codecs
import gzip
import io
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from homeostat.core.errors import InputError
from homeostat.judge.tabular.chunk import Progress

GZIP = b"\x1f\x8b"
LINE_MAX = 16 * 2**20
"""A line longer than this is no line of a table."""

_MARKS = ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))


def first_bytes(path: Path, n: int = 65_536) -> bytes:
    """Return the beginning of a file, unpacked. Raises InputError where it cannot be read."""
    with opened(path) as file, _unpacked(file, path) as plain:
        return plain.read(n)


@contextmanager
def opened(path: Path) -> Iterator[IO[bytes]]:
    """Open a file, or raise InputError with the reason."""
    if path.is_dir():
        raise InputError(f"{path} is a folder; name a file")
    try:
        file = path.open("rb")
    except OSError as error:
        raise InputError(f"cannot read {path}: {error.strerror or error}") from None
    with file:
        yield file


@contextmanager
def _unpacked(file: IO[bytes], path: Path) -> Iterator[IO[bytes]]:
    packed = file.read(2) == GZIP
    file.seek(0)
    try:
        yield gzip.GzipFile(fileobj=file) if packed else file  # type: ignore[misc]
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise InputError(f"{path} is a damaged gzip file: {error}") from None


@contextmanager
def text_of(path: Path, progress: Progress) -> Iterator[Iterator[str]]:
    """Give the lines of a text file; bytes that are no UTF-8 are replaced."""
    with opened(path) as file, _unpacked(file, path) as plain:
        total = path.stat().st_size
        start = first_bytes(path, 4_096)
        encoding = next((name for mark, name in _MARKS if start.startswith(mark)), "utf-8")
        if encoding == "utf-8" and b"\0" in start:
            raise InputError(f"{path} holds bytes that are no text; CSV, JSON and Parquet files can be read")
        text = io.TextIOWrapper(plain, encoding=encoding, errors="replace", newline="")
        yield _lines(text, file, total, path, progress)


def _lines(text: IO[str], file: IO[bytes], total: int, path: Path, progress: Progress) -> Iterator[str]:
    n = 0
    while line := text.readline(LINE_MAX):
        if len(line) >= LINE_MAX:
            raise InputError(f"{path}: line {n + 1} is longer than {LINE_MAX:,} characters; this is no table")
        n += 1
        if n % 20_000 == 0:
            progress(file.tell(), total)
        yield line
    progress(total, total)
