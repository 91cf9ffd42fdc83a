"""A disk that is full: a real small one where this process may mount it, else a limit on each file."""

import resource
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from homeostat.core.errors import NotAvailable


@contextmanager
def small_disk(size_bytes: int) -> Iterator[Path]:
    """A file system of its own, in memory: what does not fit fails with ENOSPC, as on any full disk.

    Any account may write to it. Raises NotAvailable where this process may not mount one.
    """
    mount, umount = shutil.which("mount"), shutil.which("umount")
    folder = Path(tempfile.mkdtemp(prefix="homeostat-disk-"))
    try:
        if mount is None or umount is None:
            raise NotAvailable("a small disk needs mount and umount")
        mounted = subprocess.run(  # noqa: S603 - a program of the system
            [mount, "-t", "tmpfs", "-o", f"size={size_bytes},mode=1777", "tmpfs", str(folder)],
            capture_output=True,
            check=False,
        )
        if mounted.returncode:
            raise NotAvailable(f"a small disk needs root: {mounted.stderr.decode().strip()}")
        try:
            yield folder
        finally:
            # Lazily: what still holds a file there keeps it, and nothing of it is left afterwards.
            subprocess.run([umount, "-l", str(folder)], check=True)  # noqa: S603
    finally:
        folder.rmdir()


@contextmanager
def files_at_most(size_bytes: int) -> Iterator[None]:
    """Let no file of this process, and of those it starts, grow past a size: such a write fails with EFBIG.

    It is not a full disk: other files and new small ones can still be written.
    """
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size_bytes, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
