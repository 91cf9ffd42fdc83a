"""The victim: a Python program that says line by line what it has done, until it is killed."""

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence
from types import TracebackType
from typing import Self


class Victim:
    """One running `python ARGUMENTS`, with whatever it starts, ended with the block that holds it.

    `lines` are the whole lines of its output so far: what it said it had done before it was killed.
    """

    def __init__(self, arguments: Sequence[str], environment: Mapping[str, str] | None = None) -> None:
        self._process = subprocess.Popen(  # noqa: S603 - our own interpreter
            [sys.executable, *arguments],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            env={**os.environ, **(environment or {})},
            text=True,
            start_new_session=True,
        )
        self.lines: list[str] = []
        self._came = threading.Condition()
        self._ended = False
        self._reader = threading.Thread(target=self._read, name="victim", daemon=True)
        self._reader.start()

    @property
    def pid(self) -> int:
        """The id of the process, and of its group."""
        return self._process.pid

    def wait_for_lines(self, count: int, timeout_s: float = 60.0) -> None:
        """Wait until it has said so many lines. Raises AssertionError where it ends or takes longer."""
        with self._came:
            self._came.wait_for(lambda: len(self.lines) >= count or self._ended, timeout_s)
            if len(self.lines) < count:
                state = "ended" if self._ended else f"has run for {timeout_s:g} s"
                raise AssertionError(f"the program {state} with {len(self.lines)} lines of {count}")

    def kill(self) -> list[str]:
        """End the program and all of its group as by `kill -9`; return all whole lines that it said."""
        if self._process.poll() is None:
            os.killpg(self._process.pid, signal.SIGKILL)
        self.wait()
        return self.lines

    def wait(self, timeout_s: float = 60.0) -> int:
        """Wait for the end and return the exit status. Raises subprocess.TimeoutExpired."""
        status = self._process.wait(timeout_s)
        self._reader.join(timeout_s)
        return status

    def _read(self) -> None:
        assert self._process.stdout is not None
        with self._process.stdout as output:
            for line in output:
                if line.endswith("\n"):
                    with self._came:
                        self.lines.append(line[:-1])
                        self._came.notify_all()
        with self._came:
            self._ended = True
            self._came.notify_all()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.kill()
