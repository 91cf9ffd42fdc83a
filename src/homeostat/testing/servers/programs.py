"""Programs of servers: where they are installed, which account runs them, and a port that is free."""

import os
import pwd
import random
import shutil
import socket
from collections.abc import Sequence
from pathlib import Path

from homeostat.core.errors import NotAvailable

PORTS = range(20_000, 32_000)
"""Below the ports that outgoing connections take: a server that was killed finds its own still free."""


class NotInstalled(NotAvailable):
    """A server's program is not on this machine; the message says which package brings it."""


def program(name: str, package: str, folders: Sequence[str] = ()) -> str:
    """Return the path of a program: the highest of the folders (globs) that has it, else that of PATH.

    Raises NotInstalled.
    """
    for pattern in folders:
        found = sorted(Path("/").glob(f"{pattern.lstrip('/')}/{name}"), key=_version)
        if found:
            return str(found[-1])
    if path := shutil.which(name):
        return path
    raise NotInstalled(f"{name} is not installed: the system package {package} brings it")


def account(*names: str) -> str | None:
    """Return the first of the accounts that exists, else `nobody`, when this process is root's; else None."""
    if os.geteuid() != 0:
        return None
    known = {entry.pw_name for entry in pwd.getpwall()}
    return next((name for name in names if name in known), "nobody")


def free_port() -> int:
    """Return a port of loopback on which nothing listens. Raises OSError where none of 100 is free."""
    for port in random.sample(PORTS, 100):
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
    raise OSError(f"none of 100 ports between {PORTS.start} and {PORTS.stop} is free")


def _version(path: Path) -> tuple[int, ...]:
    """Return the numbers among a path's parts: 15 comes after 9.6."""
    return tuple(int(number) for part in path.parts for number in part.split(".") if number.isdigit())
