"""The decrypted image of an encrypted SQLite file: what somebody who has the key can find in it."""

import shutil
import tempfile
from pathlib import Path

from homeostat.companion.store.sqlite.connection import connect


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
