"""The server that a program reports to: one that answers already, or one started for this run."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import ProxyHandler, build_opener

from homeostat.core.errors import NotAvailable
from homeostat.loop.settings import DEFAULT_PORT

SERVER_NAME = "homeostat"
"""What a server of ours says of itself in the header `server`."""

LOOPBACK = "127.0.0.1"
DEFAULT_ENDPOINT = f"http://{LOOPBACK}:{DEFAULT_PORT}"
READY_TIMEOUT_S = 20.0
STOP_TIMEOUT_S = 15.0
POLL_S = 0.05

_open = build_opener(ProxyHandler({})).open
"""A proxy of the environment is for the outside, not for a server of this machine."""


def answers(endpoint: str, timeout_s: float = 1.0) -> bool:
    """Tell whether a Homeostat server answers at an address; other programs on that port do not count."""
    try:
        with _open(endpoint.rstrip("/") + "/healthz", timeout=timeout_s) as response:
            return bool(response.headers.get("server") == SERVER_NAME)
    except HTTPError as error:
        error.close()
        return False
    except (OSError, ValueError):
        return False


def listener_at(host: str, port: int) -> socket.socket:
    """Return a socket that listens; port 0 is a free one. Raises OSError.

    Its connections send at once what is written: a body that waits for its header to be acknowledged comes
    40 ms later, and asyncio sees to that only for sockets whose protocol was named.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.create_server((host, port), family=family, backlog=2_048)
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return listener


@dataclass(slots=True)
class StartedServer:
    """A server that was started for this run, as a process of its own session: Ctrl-C does not reach it.

    Unless it is `kept` it lives as long as a pipe to it is open, and so ends with this process, however
    this one ends.
    """

    endpoint: str
    process: "subprocess.Popen[bytes]"
    kept: bool
    log: Path

    def wait_until_ready(self, timeout_s: float = READY_TIMEOUT_S) -> None:
        """Return once it answers. Raises NotAvailable where it does not, with what it said last."""
        deadline = time.monotonic() + timeout_s
        while time.monotonic() < deadline:
            if self.process.poll() is not None:
                raise NotAvailable(f"the server ended at once: {self._last_words()}")
            if answers(self.endpoint):
                return
            time.sleep(POLL_S)
        raise NotAvailable(f"the server did not answer within {timeout_s:g} s; its log is {self.log}")

    def _last_words(self) -> str:
        lines = self.log.read_text(encoding="utf-8", errors="replace").strip().splitlines()
        return lines[-1] if lines else f"it said nothing (exit {self.process.returncode})"

    def stop(self) -> None:
        """Let it write what it holds and end; a kept one stays."""
        if self.kept or self.process.stdin is None:
            return
        with suppress(OSError):
            self.process.stdin.close()
        try:
            self.process.wait(STOP_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


def start_server(environment: Mapping[str, str], keep: bool, port: int = DEFAULT_PORT) -> StartedServer:
    """Start a server at a port, or at a free one where that is taken.

    The socket is opened here and handed over, so that its address is known and nobody else can take it.
    """
    try:
        listener = listener_at(LOOPBACK, port)
    except OSError:
        listener = listener_at(LOOPBACK, 0)
    with listener:
        port = listener.getsockname()[1]
        log = _log_file(port)
        command = [
            sys.executable,
            "-m",
            "homeostat.app.cli.main",
            "up",
            "--listen-fd",
            str(listener.fileno()),
        ]
        command += ["--log-level", "warning", *([] if keep else ["--until-eof"])]
        with log.open("wb") as output:
            process = subprocess.Popen(  # noqa: S603 - our own command
                command,
                env={k: v for k, v in environment.items() if k != "HOMEOSTAT_LAUNCH"},
                stdin=subprocess.DEVNULL if keep else subprocess.PIPE,
                stdout=output,
                stderr=output,
                pass_fds=(listener.fileno(),),
                start_new_session=True,
            )
    return StartedServer(f"http://{LOOPBACK}:{port}", process, keep, log)


def _log_file(port: int) -> Path:
    """One file a port, written anew by each start."""
    from platformdirs import user_log_path

    folder = user_log_path("homeostat", appauthor=False)
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError:
        return Path(os.devnull)
    return folder / f"server-{port}.log"
