"""Pages of files as a stranger with the disk sees them: which look like noise, and which do not.

This file is a program, run by `encryption.py` in a process of its own, and imports the standard library
alone: a process that closes a file loses its locks on it, and the companion's own process has people's files
open. It reads one JSON object (`Task`) from stdin and writes one to stdout.

A page of a good cipher has 7.955 bits of entropy a byte (4,096 bytes, by counting; its standard deviation is
0.004); words have less than 5, rows of int8 vectors less than 7. What was compressed looks like noise, too.
"""

import json
import math
import os
import random
import sys
from collections import Counter
from pathlib import Path
from typing import Any

PAGE_BYTES = 4_096
NOISE_BITS = 7.8
HEADERS = (b"SQLite format 3\0", b"PK\x03\x04", b"\x1f\x8b", b"\x28\xb5\x2f\xfd", b"\x89PNG", b"\xff\xd8\xff")
"""Of files that are no ciphertext, however even their bytes are."""

LOG_HEADER_BYTES = 32
SEARCHED_BYTES_MAX = 256 << 20
PIECE_BYTES = 1 << 20


def entropy_bits(page: bytes) -> float:
    """Return the entropy of a page's bytes, by counting.

    >>> entropy_bits(b"ab" * 100)
    1.0
    """
    n = len(page)
    return -sum(count / n * math.log2(count / n) for count in Counter(page).values()) + 0.0


def noise(page: bytes, words: tuple[bytes, ...] = ()) -> bool:
    """Tell whether nothing of a page can be read: even bytes, no known header, none of the words."""
    if page.startswith(HEADERS) or any(word in page for word in words):
        return False
    # Fewer bytes have a lower entropy by counting: of n even bytes some 8 - 255 / (2 n ln 2).
    missing = 255 / (2 * len(page) * math.log(2))
    return entropy_bits(page) >= NOISE_BITS + 0.045 - missing


def probed(path: Path, words: tuple[bytes, ...], pages: int, rng: random.Random) -> tuple[int, int, int]:
    """Return a file's bytes, how many of its pages were looked at, and how many of these are noise.

    The first is among them, the others are chosen at random.
    """
    size = path.stat().st_size
    log = path.name.endswith("-wal")
    begin = LOG_HEADER_BYTES if log else 0
    whole = (size - begin) // PAGE_BYTES
    if whole <= 0:
        return size, 0, 0
    places = {0, *(rng.randrange(whole) for _ in range(pages - 1))}
    found = 0
    with path.open("rb") as file:
        for place in places:
            file.seek(begin + place * PAGE_BYTES)
            found += noise(file.read(PAGE_BYTES), words)
    return size, len(places), found


def holds(path: Path, words: tuple[bytes, ...]) -> bool:
    """Tell whether any of the words is in a file's raw bytes: in the last 256 MiB of a larger one."""
    longest = max(map(len, words), default=0)
    if not longest:
        return False
    tail = b""
    with path.open("rb") as file:
        file.seek(max(0, path.stat().st_size - SEARCHED_BYTES_MAX))
        while piece := file.read(PIECE_BYTES):
            window = tail + piece
            if any(word in window for word in words):
                return True
            tail = window[-longest:]
    return False


def told(task: dict[str, Any]) -> dict[str, Any]:
    """Return what is asked for.

    A `Task` names `probe` (folders whose files are sampled), `pages` of each, `search` (files and folders
    whose raw bytes are searched), and `words`, all of which is text.
    """
    rng = random.SystemRandom()
    words = tuple(word.encode() for word in task.get("words", ()))
    files = [path for place in task.get("probe", ()) for path in _files(Path(place))]
    sampled = []
    for path in files:
        try:
            size, pages, even = probed(path, words, task.get("pages", 2), rng)
        except FileNotFoundError:  # forgotten meanwhile, or its log was emptied
            continue
        sampled.append([path.name, size, pages, even])
    found = []
    for path in (path for place in task.get("search", ()) for path in _files(Path(place))):
        try:
            if holds(path, words):
                found.append(path.name)
        except FileNotFoundError:
            continue
    return {"sampled": sampled, "found": found}


def _files(place: Path) -> list[Path]:
    if place.is_file():
        return [place]
    return sorted(path for path in place.rglob("*") if path.is_file() and not path.name.endswith("-shm"))


if __name__ == "__main__":
    os.nice(10)
    json.dump(told(json.load(sys.stdin)), sys.stdout)
