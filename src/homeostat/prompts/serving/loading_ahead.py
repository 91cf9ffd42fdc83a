"""Loading ahead: a thread that reads what will probably be asked for, where that is worth its work."""

import threading
from collections import deque
from collections.abc import Callable, Hashable
from threading import Condition
from typing import Generic, TypeVar

from homeostat.core.guard import guarded
from homeostat.core.losses import Losses
from homeostat.prompts.serving.module_cache import ReadCost

K = TypeVar("K", bound=Hashable)

WAITING_MAX = 64

WORK_PRICE = 1.0
"""What a millisecond of work in the background is worth in milliseconds of waiting: it takes turns with what
serves, since both run in one process."""


def worth_loading(probability: float, cost: ReadCost) -> bool:
    """Return whether the waiting that loading ahead is expected to save is more than its work costs.

    Where files come from the operating system's memory, waiting is work, and nothing is worth loading; where
    they come over a network, waiting is long.

    >>> worth_loading(0.4, ReadCost(wall_ns=100e3, cpu_ns=90e3))
    False
    >>> worth_loading(0.1, ReadCost(wall_ns=8e6, cpu_ns=90e3))
    True
    """
    return probability * cost.wall_ns > WORK_PRICE * cost.cpu_ns


class LoadingAhead(Generic[K]):
    """A queue with one thread, which begins with the first thing to load. What does not fit is counted."""

    def __init__(self, load: Callable[[K, float], None], losses: Losses) -> None:
        self._load = load
        self._losses = losses
        self._waiting: deque[tuple[K, float]] = deque()
        self._change = Condition()
        self._thread: threading.Thread | None = None
        self._busy = False
        self._closed = False

    def submit(self, key: K, probability: float) -> None:
        """Load something soon."""
        with self._change:
            if self._closed or any(key == waiting for waiting, _ in self._waiting):
                return
            if len(self._waiting) >= WAITING_MAX:
                self._losses.add("prompts.ahead_queue_full")
                return
            self._waiting.append((key, probability))
            if self._thread is None or not self._thread.is_alive():
                self._thread = threading.Thread(target=self._run, name="homeostat-prompts", daemon=True)
                self._thread.start()
            self._change.notify_all()

    def settle(self, timeout_s: float) -> bool:
        """Wait until nothing is left to load; False if that takes longer."""
        with self._change:
            return self._change.wait_for(lambda: not self._waiting and not self._busy, timeout_s)

    def close(self) -> None:
        """End the thread; what waits is dropped."""
        with self._change:
            self._closed = True
            self._waiting.clear()
            self._change.notify_all()
            thread = self._thread
        if thread is not None and thread is not threading.current_thread():
            thread.join()

    def _run(self) -> None:
        while True:
            with self._change:
                self._busy = False
                self._change.notify_all()
                self._change.wait_for(lambda: self._closed or bool(self._waiting))
                if self._closed:
                    return
                key, probability = self._waiting.popleft()
                self._busy = True
            with guarded(self._losses, "prompts_ahead"):
                self._load(key, probability)
