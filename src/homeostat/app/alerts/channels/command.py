"""The command: a notice as JSON on the standard input of a program."""

import os
import signal
import subprocess
from contextlib import suppress

from homeostat.app.alerts.channels.channel import TIMEOUT_S, Undelivered, json_of
from homeostat.core.notice import Notice


class CommandSender:
    """Runs a program for each notice, without a shell; the notice's id is in HOMEOSTAT_NOTICE_ID.

    What it prints is thrown away. It and what it started are killed when the time is up.
    """

    def __init__(self, argv: tuple[str, ...], timeout_s: float = TIMEOUT_S) -> None:
        self._argv = argv
        self._timeout_s = timeout_s

    def send(self, notice: Notice) -> None:
        """Run the program; any exit code but 0 is a failure."""
        try:
            process = subprocess.Popen(  # noqa: S603 - the user's own command, without a shell
                self._argv,
                stdin=subprocess.PIPE,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                env={**os.environ, "HOMEOSTAT_NOTICE_ID": notice.id},
                start_new_session=True,
            )
        except OSError as error:
            raise Undelivered(f"the command cannot be started ({error.strerror})") from None
        try:
            process.communicate(json_of(notice), timeout=self._timeout_s)
        except subprocess.TimeoutExpired:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.communicate()
            raise Undelivered(f"the command took longer than {self._timeout_s:g} s") from None
        if process.returncode != 0:
            raise Undelivered(f"the command ended with code {process.returncode}")
