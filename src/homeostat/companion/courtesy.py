"""Courtesy: what can wait makes room for what people wait for."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Lock

from homeostat.act.knobs.declaration import declared
from homeostat.core.clock import SECOND_NS
from homeostat.runtime.host import Host

BUSY_NS = SECOND_NS
"""For how long after a request others are expected."""

REST_MAX_S = 2.0
SHARE = 0.2


class Courtesy:
    """Lets one step of background work run at a time, and no more than a share of the time while people ask.

    Threads of one interpreter take turns at each statement of SQLite: who answers waits up to a switch
    interval for each, as long as something computes beside it. `companion_learning_share` is the share; who
    computes while nobody asks does not rest. Safe for threads.
    """

    def __init__(self, host: Host, sleep: Callable[[float], None] = time.sleep) -> None:
        self._now_ns = host.clock.monotonic_ns
        self._sleep = sleep
        self._lock = Lock()
        self._asked_ns = self._now_ns() - BUSY_NS
        self._share = host.knob_set.declare(
            declared(
                "companion_learning_share",
                SHARE,
                low=0.02,
                high=1.0,
                log=True,
                settle_s=60.0,
                help="share of the time in which parts learn while people ask",
            )
        )

    def asked(self) -> None:
        """Say that somebody waits for an answer."""
        self._asked_ns = self._now_ns()

    @contextmanager
    def step(self) -> Iterator[None]:
        """Wait for the turn of a step; after it, rest."""
        with self._lock:
            began_ns = self._now_ns()
            try:
                yield
            finally:
                now_ns = self._now_ns()
                if now_ns - self._asked_ns < BUSY_NS:
                    rest_s = (now_ns - began_ns) / SECOND_NS * (1.0 / self._share.get() - 1.0)
                    self._sleep(min(rest_s, REST_MAX_S))
