"""The child: a program started so that whoever started `homeostat run` notices no difference."""

import contextlib
import os
import resource
import signal
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from types import FrameType
from typing import NoReturn

from homeostat.core.errors import InputError

FORWARDED = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGQUIT, signal.SIGUSR1, signal.SIGUSR2)
FROM_KEYBOARD = (signal.SIGINT, signal.SIGQUIT)


def run_child(
    command: list[str], environment: Mapping[str, str], started: Callable[[int], None] = lambda pid: None
) -> int:
    """Run a program with this terminal, hand its signals on, and return what `subprocess` returns.

    That is its exit code, or minus the number of the signal that ended it. `started` is called with the
    process id. Raises InputError where the program cannot be started.
    """
    child: subprocess.Popen[bytes] | None = None
    early: list[int] = []

    def forward(number: int, frame: FrameType | None) -> None:
        if child is None:
            early.append(number)
        elif not (number in FROM_KEYBOARD and _keyboard_reaches_child()):
            with contextlib.suppress(ProcessLookupError):
                child.send_signal(number)

    before = {number: signal.getsignal(number) for number in FORWARDED}
    ignored = {number for number in FORWARDED if before[number] == signal.SIG_IGN}
    try:
        for number in FORWARDED:
            if number not in ignored:  # as `nohup` leaves SIGHUP: the program inherits that
                signal.signal(number, forward)
        child = _start(command, environment)
        for missed in early:
            child.send_signal(missed)
        started(child.pid)
        return child.wait()
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _start(command: list[str], environment: Mapping[str, str]) -> "subprocess.Popen[bytes]":
    try:
        return subprocess.Popen(command, env=dict(environment))  # noqa: S603 - the user's own command
    except FileNotFoundError:
        raise InputError(
            f"there is no program {command[0]!r}: give the command as you would type it, after --"
        ) from None
    except OSError as error:
        raise InputError(f"{command[0]!r} cannot be started: {error.strerror or error}") from None


def _keyboard_reaches_child() -> bool:
    """Whether Ctrl-C goes to the whole process group, the child included, so that it needs no help."""
    try:
        with Path("/dev/tty").open("rb") as terminal:
            return os.tcgetpgrp(terminal.fileno()) == os.getpgrp()
    except OSError:
        return False


def leave_as(code: int) -> NoReturn:
    """Leave this process as the child left: with its exit code, or by the signal that ended it."""
    if code < 0:
        sys.stdout.flush()
        sys.stderr.flush()
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        signal.signal(-code, signal.SIG_DFL)
        os.kill(os.getpid(), -code)
    raise SystemExit(code if code >= 0 else 128 - code)
