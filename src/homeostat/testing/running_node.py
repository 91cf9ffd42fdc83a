"""A running node: `homeostat up` in a process of its own, for tests of several before one database."""

import json
import os
import signal
import urllib.error
import urllib.request
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from homeostat.testing.faults.victim import Victim

START = "from homeostat.app.cli.main import main; main()"


class RunningNode:
    """A server on loopback, at a free port, ended with the block that holds it.

    `folder` is its home: what it would keep beside the store goes there.
    """

    def __init__(self, store: str, folder: Path) -> None:
        self.store = store
        folder.mkdir(parents=True, exist_ok=True)
        home = {"HOME": str(folder), "XDG_DATA_HOME": str(folder), "HOMEOSTAT_COLLECT": "0"}
        self._process = Victim(["-c", START, "up", "--port", "0", "--store", store], home)
        try:
            self._process.wait_for_lines(1)
        except BaseException:
            self._process.kill()
            raise
        self.address = self._process.lines[0].rpartition(" ")[2]

    @property
    def pid(self) -> int:
        """The process's id."""
        return self._process.pid

    def alive(self) -> bool:
        """Tell whether it answers that it runs."""
        return self._get("/healthz").get("status") == "ok"

    def ready(self) -> dict[str, Any]:
        """Return what it says of itself; empty where it does not answer."""
        return self._get("/readyz")

    def stop(self) -> None:
        """End it in an orderly way, and wait for that."""
        os.kill(self._process.pid, signal.SIGTERM)
        self._process.wait()

    def _get(self, path: str) -> dict[str, Any]:
        try:
            with urllib.request.urlopen(self.address + path, timeout=30.0) as answer:  # noqa: S310 - loopback
                return dict(json.load(answer))
        except urllib.error.HTTPError as error:
            with error:
                return dict(json.load(error))
        except OSError:
            return {}

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._process.kill()
