"""The child: a companion's server in a process of its own, for as long as a block runs."""

import os
import subprocess
import sys
from pathlib import Path
from types import TracebackType
from typing import Self

from homeostat.core.errors import NotAvailable

SAYS = "The companion is up: "
STOP_TIMEOUT_S = 30.0


class CompanionChild:
    """`homeostat companion up` on a free port of loopback. It ends with this process, however this one ends.

    Its log goes to `companion-up.log` in its folder. Raises NotAvailable where it does not start.
    """

    def __init__(self, folder: Path, arguments: tuple[str, ...] = ()) -> None:
        self.url = ""
        self._log = folder / "companion-up.log"
        command = [sys.executable, "-m", "homeostat.app.cli.main", "companion", "up", "--data", str(folder)]
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(  # noqa: S603 - our own command
                [*command, "--port", "0", "--until-eof", "--log-level", "warning", *arguments],
                env={**os.environ, "PYTHONUNBUFFERED": "1"},
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                start_new_session=True,
            )

    @property
    def pid(self) -> int:
        """The process."""
        return self._process.pid

    def __enter__(self) -> Self:
        assert self._process.stdout is not None
        line = self._process.stdout.readline().decode(errors="replace").strip()
        if not line.startswith(SAYS):
            self._stop()
            raise NotAvailable(f"the companion's server did not start; its log is {self._log}")
        self.url = line.removeprefix(SAYS)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop()

    def _stop(self) -> None:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.close()
        try:
            self._process.wait(STOP_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._process.stdout.close()
