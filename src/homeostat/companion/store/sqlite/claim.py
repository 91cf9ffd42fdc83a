"""The claim on a folder: many processes use it at once, or one has it to itself."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from homeostat.core.errors import StoreBusy

NAME = "lock"


class Claim:
    """A shared lock on a folder for as long as it is used; it ends with the process that holds it."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._file = os.open(folder / NAME, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600)
        self._lock(fcntl.LOCK_SH)

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Have the folder to oneself. Raises StoreBusy where another process uses it."""
        try:
            self._lock(fcntl.LOCK_EX)
            yield
        finally:
            # Also where it was refused: the system has then given up the shared one.
            fcntl.flock(self._file, fcntl.LOCK_SH)

    def release(self) -> None:
        """Give it up."""
        os.close(self._file)

    def _lock(self, how: int) -> None:
        try:
            fcntl.flock(self._file, how | fcntl.LOCK_NB)
        except OSError:
            raise StoreBusy(
                f"{self._folder} is used by another process: stop the companion to change the master key, "
                "or wait until that is done"
            ) from None
