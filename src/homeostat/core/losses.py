"""Losses: what was dropped, by reason. Nothing is dropped without being counted here."""

import logging
import threading
from collections import Counter

from homeostat.core.log import event


class Losses:
    """A count for each reason. Any thread may add."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._counts: Counter[str] = Counter()
        self._drained: Counter[str] = Counter()

    def add(self, reason: str, n: int = 1) -> None:
        """Count `n` more things lost for a reason such as `record.not_finite`; the first is logged."""
        with self._lock:
            first = reason not in self._counts
            self._counts[reason] += n
        if first:
            event("homeostat.loss", logging.WARNING, reason=reason, count=n)

    def renew_lock(self) -> None:
        """Start with a fresh lock: for a forked child, whose parent may have held the old one."""
        self._lock = threading.Lock()

    def totals(self) -> dict[str, int]:
        """Return the counts since the start."""
        with self._lock:
            return dict(self._counts)

    def drain(self) -> dict[str, int]:
        """Return what was added since the last drain."""
        with self._lock:
            new = self._counts - self._drained
            self._drained = self._counts.copy()
            return dict(new)
