"""The memo: an answer that everyone who asks within a short time shares."""

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import TypeVar

from homeostat.core.clock import Clock

Value = TypeVar("Value")

ENTRIES_MAX = 64


class Memo:
    """Answers by key, each kept for a time. Any thread may ask; the same answer is worked out once."""

    def __init__(self, clock: Clock, entries_max: int = ENTRIES_MAX) -> None:
        self._clock = clock
        self._entries_max = entries_max
        self._lock = threading.Lock()
        self._working: dict[Hashable, threading.Lock] = {}
        self._kept: OrderedDict[Hashable, tuple[int, object]] = OrderedDict()

    def get(self, key: Hashable, keep_ns: int, work: Callable[[], Value]) -> Value:
        """Return what is kept for a key, or work it out and keep it for a time."""
        with self._lock:
            mine = self._working.setdefault(key, threading.Lock())
        with mine:
            now_ns = self._clock.monotonic_ns()
            with self._lock:
                found = self._kept.get(key)
            if found is not None and now_ns < found[0]:
                return found[1]  # type: ignore[return-value]
            value = work()
            self._keep(key, keep_ns, value)
            return value

    def forget(self, key: Hashable) -> None:
        """Work the answer of a key out anew when it is asked for next."""
        with self._lock:
            self._kept.pop(key, None)

    def _keep(self, key: Hashable, keep_ns: int, value: object) -> None:
        with self._lock:
            self._kept[key] = (self._clock.monotonic_ns() + keep_ns, value)
            self._kept.move_to_end(key)
            while len(self._kept) > self._entries_max:
                dropped, _ = self._kept.popitem(last=False)
                self._working.pop(dropped, None)
