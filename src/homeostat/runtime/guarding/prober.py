"""The prober: a thread that tries canaries while the application has nothing to check."""

import os
from threading import Event, Thread

from homeostat.core.guard import guarded
from homeostat.core.losses import Losses
from homeostat.runtime.guarding.guarding import Guarding

PERIOD_S = 1.0
AT_FIRST, LATER_S = 2, 10.0
"""Canaries a second until each was tried once, which takes two minutes; then one in ten seconds."""


class Prober:
    """Tries canaries in a daemon thread, from `start` to `close`."""

    def __init__(self, guarding: Guarding, losses: Losses) -> None:
        self._guarding = guarding
        self._losses = losses
        self._ends = Event()
        self._thread: Thread | None = None
        self._pid = 0

    def start(self) -> None:
        """Begin, in a forked child again; begun already, nothing changes."""
        if self._thread is None or self._pid != os.getpid():
            self._pid, self._ends = os.getpid(), Event()
            self._thread = Thread(target=self._run, name="homeostat-guarding", daemon=True)
            self._thread.start()

    def close(self) -> None:
        """End, after the canary that is being tried."""
        if self._thread is not None and self._pid == os.getpid():
            self._ends.set()
            self._thread.join(5.0)
        self._thread = None

    def _run(self) -> None:
        while not self._ends.wait(LATER_S if self._guarding.watched else PERIOD_S):
            with guarded(self._losses, "guarding.probe"):
                self._guarding.probe(1 if self._guarding.watched else AT_FIRST)
