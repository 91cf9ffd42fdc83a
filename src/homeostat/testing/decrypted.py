"""Encrypted SQLite files seen by somebody who has the key: what is in them, and whether they are whole."""

import shutil
import tempfile
from pathlib import Path

from homeostat.companion.store.keys import MasterKey
from homeostat.companion.store.sqlite.connection import connect, translated
from homeostat.companion.store.sqlite.places import REGISTRY, person_file
from homeostat.companion.store.sqlite.registry import Registry
from homeostat.core.errors import StoreCorrupt


def decrypted(path: Path, key: bytes) -> bytes:
    """Return all pages of a copy of a file in plain, those that are free too, and all its log's.

    The log is brought in last: what it holds of older pages is in the image as well.
    """
    with tempfile.TemporaryDirectory() as name:
        copy = Path(name) / path.name
        image = b""
        for log in (False, True):
            for ending in ("", "-wal") if log else ("",):
                beside = path.with_name(path.name + ending)
                if beside.exists():
                    shutil.copyfile(beside, copy.with_name(copy.name + ending))
            connection = connect(copy, key)
            connection.pragma("journal_mode", "delete")
            connection.pragma("rekey", "")
            connection.close()
            image += copy.read_bytes()
        return image


def damaged(folder: Path, master: MasterKey) -> int:
    """Return how many of a folder's files are not whole: every page and every index of each is read."""
    registry = Registry(folder, master)
    try:
        found = [registry.find(name) for name in registry.names("", 1 << 30)]
    finally:
        registry.close()
    keys = {person_file(folder, file): key for file, key in filter(None, found)}
    return sum(
        not _whole(path, key) for path, key in {folder / REGISTRY: master.derived("registry"), **keys}.items()
    )


def _whole(path: Path, key: bytes) -> bool:
    try:
        connection = connect(path, key)
    except StoreCorrupt:
        return False
    try:
        with translated(path):
            indexed = connection.execute("SELECT 1 FROM sqlite_schema WHERE name = 'words'").get
            if indexed:
                connection.execute("INSERT INTO words (words) VALUES ('integrity-check')")
            return bool(connection.pragma("integrity_check") == "ok")
    except StoreCorrupt:
        return False
    finally:
        connection.close()
