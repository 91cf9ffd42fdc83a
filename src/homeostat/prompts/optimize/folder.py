"""Folders that appear as a whole: they are built beside their place and take it by one rename."""

import os
import secrets
import shutil
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from homeostat.core.errors import ConfigError


@contextmanager
def appearing(place: Path) -> Iterator[Path]:
    """Give a folder to build in, which takes a place when all went well and is removed otherwise.

    What lies in the place goes when the new folder is there. Raises ConfigError where it cannot be made.
    """
    # Its name is known before it is there, so that a stop at any moment finds what to remove.
    building = place.parent / f".{place.name}.{secrets.token_hex(8)}.coming"
    try:
        place.parent.mkdir(parents=True, exist_ok=True)
        building.mkdir(mode=0o700)
        yield building
        _take(building, place)
    except OSError as error:
        raise ConfigError(f"cannot write {place}: {error.strerror or error}") from None
    finally:
        remove(building)


def is_free(place: Path) -> bool:
    """Tell whether there is nothing at a place, or an empty folder."""
    if place.is_dir():
        with os.scandir(place) as entries:
            return next(entries, None) is None
    return not place.exists() and not place.is_symlink()


def remove(folder: Path) -> None:
    """Remove a folder with all that is in it, though parts of it may be read-only."""
    if not folder.exists():
        return
    folder.chmod(stat.S_IRWXU)
    for path, folders, _ in os.walk(folder):
        for name in folders:
            if not (within := Path(path, name)).is_symlink():
                within.chmod(stat.S_IRWXU)
    shutil.rmtree(folder)


def _take(building: Path, place: Path) -> None:
    if is_free(place):
        building.rename(place)
        return
    old = building.with_suffix(".gone")
    try:
        place.rename(old)
        building.rename(place)
    except BaseException:
        if old.exists() and not place.exists():
            old.rename(place)
        raise
    remove(old)
