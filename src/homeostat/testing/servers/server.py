"""The server: one program that listens on loopback, which a test may kill and start again."""

import contextlib
import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil

from homeostat.core.errors import HomeostatError

_TAIL_BYTES = 2_000
_LAST_WILL = 'while read -r line; do pid=$line; done; [ -n "$pid" ] && kill -KILL "-$pid"; rm -rf "$1"'
"""Reads the id of what runs now; when this process is gone, however, ends that and removes its folder."""


class ServerError(HomeostatError):
    """A server did not start or did not end; the message has the last that it wrote."""


@dataclass(frozen=True, slots=True)
class Program:
    """What is run: its command, where, as whom, when it is ready, and which signal asks it to end."""

    name: str
    command: Sequence[str]
    folder: Path
    account: str | None
    ready: Callable[[], bool]
    environment: Mapping[str, str] = field(default_factory=dict)
    end_signal: int = signal.SIGTERM
    start_timeout_s: float = 60.0


class Server:
    """A running server at `url`, with the port and the data that it keeps over `kill` and `start`."""

    def __init__(self, url: str, port: int, program: Program) -> None:
        self.url = url
        self.port = port
        self._program = program
        self._process: subprocess.Popen[bytes] | None = None
        self._last_will = subprocess.Popen(  # noqa: S603 - our own words
            ["/bin/sh", "-c", _LAST_WILL, "last-will", str(program.folder)],
            stdin=subprocess.PIPE,
            start_new_session=True,
        )

    @property
    def pid(self) -> int:
        """The id of the process; 0 while none runs."""
        return self._process.pid if self._process is not None else 0

    def start(self) -> None:
        """Start the program and wait until it answers. Raises ServerError."""
        assert self._process is None, f"{self._program.name} runs already"
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(  # noqa: S603 - a program found by us
                self._program.command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd=self._program.folder,
                env={**_plain_environment(), **self._program.environment},
                start_new_session=True,
                **credentials(self._program.account),
            )
        self._bequeath(str(self._process.pid))
        deadline_s = time.monotonic() + self._program.start_timeout_s
        while not self._program.ready():
            if (status := self._process.poll()) is not None:
                self._process = None
                raise ServerError(f"{self._program.name} ended with status {status}:\n{self._tail()}")
            if time.monotonic() > deadline_s:
                self.kill()
                raise ServerError(
                    f"{self._program.name} did not answer within {self._program.start_timeout_s:g} s:\n"
                    f"{self._tail()}"
                )
            time.sleep(0.02)

    def kill(self) -> None:
        """End the process and all that it started, as by `kill -9`, and wait until they are gone."""
        if self._process is None:
            return
        family = _family(self._process.pid)
        self._process.kill()
        for member in family:
            with contextlib.suppress(psutil.NoSuchProcess):
                member.kill()
        self._process.wait()
        psutil.wait_procs(family, timeout=10.0)
        self._forget()

    def pause(self) -> None:
        """Stop the process and all that it started from running (SIGSTOP): it is there and says nothing."""
        self._signal(signal.SIGSTOP)

    def resume(self) -> None:
        """Let what was paused run on (SIGCONT)."""
        self._signal(signal.SIGCONT)

    def stop(self, timeout_s: float = 10.0) -> None:
        """Ask the process to end, and kill it where it does not within `timeout_s`."""
        if self._process is None:
            return
        self.resume()
        self._process.send_signal(self._program.end_signal)
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(timeout_s)
        if self._process.poll() is None:
            self.kill()
        self._forget()

    def close(self) -> None:
        """Stop, and give up the last will."""
        self.stop()
        self._last_will.kill()
        assert self._last_will.stdin is not None
        self._last_will.stdin.close()
        self._last_will.wait()

    def _signal(self, number: int) -> None:
        if self._process is not None:
            for member in _family(self._process.pid):
                with contextlib.suppress(psutil.NoSuchProcess):
                    member.send_signal(number)

    def _forget(self) -> None:
        self._process = None
        self._bequeath("")

    def _bequeath(self, pid: str) -> None:
        assert self._last_will.stdin is not None
        self._last_will.stdin.write(f"{pid}\n".encode())
        self._last_will.stdin.flush()

    @property
    def _log(self) -> Path:
        return self._program.folder / "output.log"

    def _tail(self) -> str:
        return self._log.read_bytes()[-_TAIL_BYTES:].decode(errors="replace")


@contextmanager
def running(server: Server) -> Iterator[Server]:
    """Start a server and end it with the block."""
    try:
        server.start()
        yield server
    finally:
        server.close()


@contextmanager
def folder_of(name: str, account: str | None) -> Iterator[Path]:
    """A temporary folder that belongs to the account, removed with all that is in it."""
    folder = Path(tempfile.mkdtemp(prefix=f"homeostat-{name}-"))
    try:
        if account is not None:
            owner = pwd.getpwnam(account)
            os.chown(folder, owner.pw_uid, owner.pw_gid)
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def credentials(account: str | None) -> dict[str, Any]:
    """Return what subprocess needs to run a program as the account: nothing for None."""
    if account is None:
        return {}
    owner = pwd.getpwnam(account)
    return {"user": owner.pw_uid, "group": owner.pw_gid, "extra_groups": []}


def answers(port: int, question: bytes, beginning: bytes) -> bool:
    """Return whether what listens on the port answers a question so within a second."""
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=1.0) as connection:
            connection.sendall(question)
            return connection.recv(len(beginning)) == beginning
    except OSError:
        return False


def _plain_environment() -> dict[str, str]:
    """Return an environment without what this one may say to the server: only PATH and the locale."""
    return {"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C.UTF-8"}


def _family(pid: int) -> list[psutil.Process]:
    try:
        parent = psutil.Process(pid)
        return [parent, *parent.children(recursive=True)]
    except psutil.NoSuchProcess:
        return []
