"""Places: where the files of a folder of people lie, who may read them, and how they are destroyed."""

import os
import re
from pathlib import Path

from homeostat.core.errors import StoreError, StoreFull

REGISTRY = "people.db"
PEOPLE = "people"
BESIDE = ("", "-wal", "-shm", "-journal")
_DRAFT = re.compile(r"([0-9a-f]{32})\.new(?:-wal|-shm|-journal)?")


def private_folder(folder: Path) -> Path:
    """Return a folder that only its owner enters, made where it is missing. Raises StoreError, StoreFull."""
    try:
        missing = [p for p in (folder, *folder.absolute().parents) if not p.exists()]
        for path in reversed(missing):
            path.mkdir(mode=0o700, exist_ok=True)
    except OSError as error:
        raise _translated(error, folder) from None
    if not folder.is_dir():
        raise StoreError(f"{folder} is no folder; people are kept in a folder")
    return folder


def private_file(path: Path) -> None:
    """Make an empty file that only its owner reads; SQLite gives those beside it the same mode."""
    try:
        os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))
    except OSError as error:
        raise _translated(error, path) from None


def person_file(folder: Path, file: str) -> Path:
    """Return where a person's file lies: `file` is its random name, 32 hexadecimal digits."""
    return folder / PEOPLE / file[:2] / f"{file}.db"


def draft_of(path: Path) -> Path:
    """Return where a person's file is made; it takes its place when the person is there."""
    return path.with_suffix(".new")


def draft_files(folder: Path) -> list[str]:
    """Return the names of files that are being made, or that a killed process began to make."""
    names = (_DRAFT.fullmatch(path.name) for path in (folder / PEOPLE).glob("??/*.new*"))
    return sorted({name[1] for name in names if name is not None})


def destroy(path: Path) -> None:
    """Remove a database's file and those beside it. It may be done again where it was interrupted."""
    for ending in BESIDE:
        path.with_name(path.name + ending).unlink(missing_ok=True)


def synced(path: Path) -> None:
    """Have a file, or the names in a folder, on the disk; of a file that no connection has open.

    To close a file takes away all locks of the process on it.
    """
    file = os.open(path, os.O_RDONLY)
    try:
        os.fsync(file)
    finally:
        os.close(file)


def _translated(error: OSError, path: Path) -> StoreError:
    return StoreFull(f"{path} cannot be written: {error.strerror}; free some space, or check its owner")
