"""The child: a server in a process of its own, which tells its address in its first line of output.

`Child` is the parent's side; `listening` and `end_with_parent` are what the child uses.
"""

import contextlib
import os
import select
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from types import TracebackType
from typing import Any, Self

import msgspec

from homeostat.core.errors import HomeostatError


class ChildError(HomeostatError):
    """A child did not start; the message says what it wrote."""


def listening(host: str, port: int) -> tuple[socket.socket, str]:
    """Return a socket that listens, and its address; port 0 is a free one. Raises OSError."""
    listener = socket.create_server((host, port), backlog=1_024)
    return listener, f"http://{host}:{listener.getsockname()[1]}"


def end_with_parent() -> None:
    """End this process as by SIGTERM once its standard input ends: once its parent is gone, however."""

    def wait() -> None:
        while sys.stdin.buffer.read(4_096):
            pass
        os.kill(os.getpid(), signal.SIGTERM)

    threading.Thread(target=wait, name="end-with-parent", daemon=True).start()


class Child:
    """One running `python -m MODULE --until-eof`, ended with the block that holds it.

    `ready` is the JSON object of the first line, `url` its address. Raises ChildError where the child
    ends, or says nothing, within `timeout_s`. Ctrl-C reaches only this process, which ends the child.
    """

    def __init__(
        self,
        module: str,
        arguments: Sequence[str] = (),
        *,
        timeout_s: float = 60.0,
        environment: Mapping[str, str] | None = None,
    ) -> None:
        self._process = subprocess.Popen(  # noqa: S603 - our own interpreter and module
            [sys.executable, "-m", module, *arguments, "--until-eof"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env={**os.environ, **(environment or {})},
            start_new_session=True,
        )
        try:
            self.ready: dict[str, Any] = self._first_line(module, timeout_s)
        except BaseException:
            self.stop()
            raise
        self.url: str = self.ready["url"]

    @property
    def pid(self) -> int:
        """The id of the process."""
        return self._process.pid

    @property
    def running(self) -> bool:
        """Whether the process still runs."""
        return self._process.poll() is None

    def close_input(self) -> None:
        """End the standard input of the process, as the end of this one would."""
        assert self._process.stdin is not None
        self._process.stdin.close()

    def wait(self, timeout_s: float) -> int:
        """Wait for the end of the process and return its exit status. Raises subprocess.TimeoutExpired."""
        return self._process.wait(timeout_s)

    def stop(self, timeout_s: float = 30.0) -> int:
        """End the process, gently first, and return its exit status."""
        if self.running:
            self._process.send_signal(signal.SIGTERM)
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.wait(timeout_s)
        if self.running:
            self._process.kill()
        status = self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                pipe.close()
        return status

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def _first_line(self, module: str, timeout_s: float) -> dict[str, Any]:
        assert self._process.stdout is not None
        output = self._process.stdout.fileno()
        deadline_s = time.monotonic() + timeout_s
        line = b""
        while not line.endswith(b"\n"):
            left_s = deadline_s - time.monotonic()
            if left_s <= 0 or not select.select([output], [], [], left_s)[0]:
                raise ChildError(f"{module} did not tell its address within {timeout_s:g} s")
            piece = os.read(output, 4096)
            if not piece:
                raise ChildError(f"{module} ended with status {self._process.wait()} before it served")
            line += piece
        try:
            return msgspec.json.decode(line, type=dict[str, Any])
        except msgspec.DecodeError as error:
            raise ChildError(f"{module} said {line[:200]!r} instead of its address") from error
