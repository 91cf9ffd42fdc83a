"""The lease on a file: a lock that the operating system gives up when its holder dies."""

import os
from pathlib import Path


class FileLease:
    """A lock on a file beside the store, between the processes of one machine.

    Raises nothing: a file that cannot be made is a lease that is not held.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file: int | None = None

    def held(self) -> bool:
        """Try to hold the lock, and tell whether this process does."""
        if self._file is not None:
            return True
        import fcntl

        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            file = os.open(self._path, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600)
        except OSError:
            return False
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            os.close(file)
            return False
        self._file = file
        return True

    def release(self) -> None:
        """Give the lock up. A forked child that does so leaves its parent's as it is."""
        if self._file is not None:
            os.close(self._file)
            self._file = None


class OwnLease:
    """The lease of a store that no other process can reach: it is always held."""

    def held(self) -> bool:
        """Tell that it is."""
        return True

    def release(self) -> None:
        """Nobody waits for it."""


def file_name(name: str) -> str:
    """Return a name as a part of a file's name.

    >>> file_name("loop.my shop/2")
    'loop.my_shop_2'
    """
    return "".join(c if c.isalnum() or c in "-_." else "_" for c in name)
