"""The watch: what a program and the processes that it started use, seen from outside."""

import signal
import threading

from homeostat.app.launch.child import FORWARDED
from homeostat.app.launch.environment import Destination

SCOPE = {"scope": "tree"}
"""Marks the series, so that they do not mix with those of a program that also collects within itself."""


class Watch:
    """Samples a process tree once a second and sends the readings to the server of its destination.

    It lives in a thread of its own, so that the program starts without waiting for its imports, and
    works for a program in any language.
    """

    def __init__(self, to: Destination) -> None:
        self._to = to
        self._ended = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self, pid: int) -> None:
        """Begin."""
        self._thread = threading.Thread(target=self._run, args=(pid,), name="homeostat-watch", daemon=True)
        before = signal.pthread_sigmask(signal.SIG_BLOCK, FORWARDED)
        self._thread.start()  # without these signals: only the main thread, which waits, may be woken by one
        signal.pthread_sigmask(signal.SIG_SETMASK, before)

    def _run(self, pid: int) -> None:
        from homeostat.core.guard import guarded
        from homeostat.core.losses import Losses

        with guarded(Losses(), "watch"):
            self._watch(pid)

    def _watch(self, pid: int) -> None:
        from homeostat.loop.homeostat import Homeostat
        from homeostat.observe.catalogue import load_catalogue
        from homeostat.observe.collectors.process import ProcessCollector
        from homeostat.observe.collectors.runner import Collectors

        to = self._to
        with Homeostat(
            to.service, release=to.release, endpoint=to.endpoint, token=to.token, collect=False
        ) as homeostat:
            collectors = Collectors(
                [ProcessCollector(pid, to.service)],
                homeostat.registry,
                homeostat.losses,
                load_catalogue(),
                homeostat.clock,
                {**SCOPE, **homeostat.settings.application.attributes},
            )
            collectors.start()
            self._ended.wait()
            collectors.close()

    def stop(self, timeout_s: float = 3.0) -> None:
        """Send what was sampled, and end."""
        self._ended.set()
        if self._thread is not None:
            self._thread.join(timeout_s)
