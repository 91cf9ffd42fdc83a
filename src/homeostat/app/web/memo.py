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
        self._behind: set[Hashable] = set()

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

    def latest(
        self, key: Hashable, keep_ns: int, prepare: Callable[[], Callable[[], Value]], otherwise: Value
    ) -> Value:
        """Return what was last worked out for a key, however old; `otherwise` before there is anything.

        Where it is too old, `prepare` is called here, and the work that it returns runs in a thread of its
        own, one for each key. That work must not raise, nor touch what may be closed meanwhile.
        """
        with self._lock:
            found = self._kept.get(key)
            fresh = found is not None and self._clock.monotonic_ns() < found[0]
            due = not fresh and key not in self._behind
            if due:
                self._behind.add(key)
        if due:
            try:
                work = prepare()
                threading.Thread(target=self._refresh, args=(key, keep_ns, work), daemon=True).start()
            except BaseException:
                self._behind.discard(key)
                raise
        return found[1] if found is not None else otherwise  # type: ignore[return-value]

    def _refresh(self, key: Hashable, keep_ns: int, work: Callable[[], object]) -> None:
        try:
            self._keep(key, keep_ns, work())
        finally:
            self._behind.discard(key)

    def _keep(self, key: Hashable, keep_ns: int, value: object) -> None:
        with self._lock:
            self._kept[key] = (self._clock.monotonic_ns() + keep_ns, value)
            self._kept.move_to_end(key)
            while len(self._kept) > self._entries_max:
                dropped, _ = self._kept.popitem(last=False)
                self._working.pop(dropped, None)
