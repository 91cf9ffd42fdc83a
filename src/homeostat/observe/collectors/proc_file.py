"""The proc file: a file of /proc that is opened once and read again and again."""

import os
from pathlib import Path

_CHUNK = 1 << 16

PROC = Path("/proc")


class ProcFile:
    """An open file whose contents are new at each read. OSError where it cannot be opened or read."""

    __slots__ = ("_fd", "path")

    def __init__(self, path: Path) -> None:
        self.path = path
        self._fd = -1  # so that close() works where opening fails
        self._fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC)

    def read(self) -> bytes:
        """Return all of it."""
        parts: list[bytes] = []
        offset = 0
        while part := os.pread(self._fd, _CHUNK, offset):
            parts.append(part)
            offset += len(part)
        return b"".join(parts)

    def close(self) -> None:
        """Close the file; closing twice does nothing."""
        fd, self._fd = self._fd, -1
        if fd >= 0:
            os.close(fd)


def open_proc(path: Path, reasons: dict[str, str], metrics: tuple[str, ...]) -> ProcFile | None:
    """Open a file of /proc, or note for each metric that needs it why it cannot be had."""
    try:
        file = ProcFile(path)
        try:
            file.read()
        except OSError:
            file.close()
            raise
    except OSError as error:
        reason = f"{path} cannot be read: {error.strerror or error}"
        reasons.update(dict.fromkeys(metrics, reason))
        return None
    return file
