"""PostgreSQL for tests: a cluster of its own in a temporary folder, with a password."""

import contextlib
import secrets
import shutil
import signal
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from homeostat.testing.servers.programs import account, free_port, program
from homeostat.testing.servers.server import (
    Program,
    Server,
    ServerError,
    answers,
    credentials,
    folder_of,
    running,
)

_FOLDERS = ("/usr/lib/postgresql/*/bin", "/usr/pgsql-*/bin", "/opt/homebrew/opt/postgresql@*/bin")
_SSL_REQUEST = (8).to_bytes(4, "big") + (80_877_103).to_bytes(4, "big")
"""The one question that a server answers before it knows who asks: one byte, S or N."""


@contextmanager
def postgres(settings: Mapping[str, str] | None = None) -> Iterator[Server]:
    """A PostgreSQL server with `settings` over its defaults, reached as the superuser `postgres`.

    It has the database `postgres`, is as durable as its defaults make it, and is run by the account
    `postgres` (or `nobody`) where this process is root's. Raises NotInstalled, ServerError.
    """
    postmaster = program("postgres", "postgresql", _FOLDERS)
    initdb = program("initdb", "postgresql", _FOLDERS)
    owner = account("postgres")
    password = secrets.token_urlsafe(12)
    with folder_of("postgres", owner) as folder:
        data = folder / "data"
        _initialise(initdb, data, password, owner)
        port = free_port()
        options = {
            "listen_addresses": "127.0.0.1",
            "port": str(port),
            "unix_socket_directories": "",
            **(settings or {}),
        }
        server = Server(
            f"postgresql://postgres:{password}@127.0.0.1:{port}/postgres",
            port,
            Program(
                name="postgres",
                command=[
                    postmaster,
                    "-D",
                    str(data),
                    *(f"--{name}={value}" for name, value in options.items()),
                ],
                folder=folder,
                account=owner,
                ready=lambda: _accepts(port, data),
                end_signal=signal.SIGINT,
            ),
        )
        try:
            with running(server):
                yield server
        finally:
            _free_memory(data)


def _initialise(initdb: str, data: Path, password: str, owner: str | None) -> None:
    password_file = data.with_name("password")
    password_file.write_text(f"{password}\n")
    password_file.chmod(0o644)  # in a folder that only the account may enter
    result = subprocess.run(  # noqa: S603 - a program found by us
        [
            initdb, "--pgdata", str(data), "--username=postgres", "--encoding=UTF8", "--locale=C",
            "--auth=scram-sha-256", f"--pwfile={password_file}", "--no-sync", "--no-instructions",
        ],
        capture_output=True,
        cwd=data.parent,
        check=False,
        **credentials(owner),
    )  # fmt: skip
    password_file.unlink()
    if result.returncode:
        raise ServerError(f"initdb ended with status {result.returncode}: {result.stderr.decode()[-1000:]}")


def _accepts(port: int, data: Path) -> bool:
    """Return whether connections are taken: the server listens before that, so its own file is read too."""
    try:
        state = (data / "postmaster.pid").read_text().splitlines()[7].strip()
    except (OSError, IndexError):
        return False
    return state == "ready" and answers(port, _SSL_REQUEST, b"N")


def _free_memory(data: Path) -> None:
    """Free the shared memory that a killed server left behind: its file, gone after a clean end, names it."""
    with contextlib.suppress(OSError, IndexError):
        _, identifier = (data / "postmaster.pid").read_text().splitlines()[6].split()
        if ipcrm := shutil.which("ipcrm"):
            subprocess.run([ipcrm, "-m", identifier], capture_output=True, check=False)  # noqa: S603
