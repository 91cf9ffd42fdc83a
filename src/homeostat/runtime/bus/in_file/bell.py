"""The bell: wakes the other processes of this machine that wait for news of the same file."""

import asyncio
import errno
import os
import secrets
import weakref
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from homeostat.core.log import event

READ_BYTES = 4_096


class Bell:
    """A named pipe for each process that waits, in a folder beside the file; a byte in it is a ring.

    Rings are hints: one that is lost, or comes twice, does no harm. The pipe of a process that was killed is
    removed by who rings next. Cost: 3 us for each process that waits.
    """

    def __init__(self, path: Path) -> None:
        self._folder = Path(f"{path.resolve()}-bells")
        self._name = f"{os.getpid()}-{secrets.token_hex(4)}"
        self._taken_down: weakref.finalize[..., Bell] | None = None
        self.hangs: bool | None = None
        """Whether it rings here; None before that was tried."""

    def hang(self, rung: Callable[[], None]) -> None:
        """Have `rung` called in this event loop when another process rings. Once is enough."""
        if self.hangs is not None:
            return
        try:
            pipe = self._made()
        except OSError as error:
            self.hangs = False
            event("bus.no_bell", reason=type(error).__name__)
            return
        self.hangs = True
        asyncio.get_running_loop().add_reader(pipe, _rung, pipe, rung)
        self._taken_down = weakref.finalize(self, _take_down, os.getpid(), pipe, self._folder / self._name)

    def ring(self) -> None:
        """Wake all others who wait. Any thread may call it, and it never waits."""
        with suppress(OSError), os.scandir(self._folder) as pipes:
            for pipe in pipes:
                if pipe.name != self._name and not pipe.name.startswith("."):
                    _ring(pipe.path)

    def take_down(self) -> None:
        """Hear no more."""
        if self._taken_down is not None:
            self._taken_down()

    def _made(self) -> int:
        """Make the pipe, and open it for both: one that nobody could write to would be at its end."""
        self._folder.mkdir(mode=0o700, exist_ok=True)
        draft = self._folder / f".{self._name}"
        os.mkfifo(draft, 0o600)
        pipe = os.open(draft, os.O_RDWR | os.O_NONBLOCK)
        draft.rename(self._folder / self._name)  # who finds it finds it open, or its process gone
        return pipe


def _ring(path: str) -> None:
    try:
        pipe = os.open(path, os.O_WRONLY | os.O_NONBLOCK)
    except OSError as error:
        if error.errno == errno.ENXIO:  # nobody has it open any more
            Path(path).unlink(missing_ok=True)
        return
    with suppress(OSError):  # it is full of rings, or nobody reads it any more
        os.write(pipe, b"\0")
    os.close(pipe)


def _rung(pipe: int, rung: Callable[[], None]) -> None:
    with suppress(BlockingIOError):
        os.read(pipe, READ_BYTES)
    rung()


def _take_down(process: int, pipe: int, path: Path) -> None:
    if process != os.getpid():  # forked: it is the parent's
        return
    with suppress(RuntimeError):
        asyncio.get_running_loop().remove_reader(pipe)
    os.close(pipe)
    path.unlink(missing_ok=True)
