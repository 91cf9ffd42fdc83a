"""The fork gate: a process does not fork while one of its other threads is inside SQLite.

A lock that another thread holds at a fork stays held in the child for ever, and SQLite has locks for the
whole process: without this, a child of a server that forks just after it began could never open its store.
"""

import os
import threading
import time
from types import TracebackType

WAIT_MAX_S = 1.0
"""For how long a fork waits at most; after that it goes on, as it would without Homeostat."""


class ForkGate:
    """A context in which no other thread forks; for whole uses of SQLite, not for single calls.

    It may be entered again within itself, and by any number of threads. Who comes while a fork is under way
    waits for it. Cost: 1.2 us.
    """

    def __init__(self) -> None:
        self._mine = threading.local()
        self._renew(0)

    def _renew(self, inside: int) -> None:
        self._changed = threading.Condition()
        self._inside = inside
        self._forks = 0

    def __enter__(self) -> None:
        depth = self._depth()
        if not depth:
            with self._changed:
                while self._forks:
                    self._changed.wait()
                self._inside += 1
        self._mine.depth = depth + 1

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._mine.depth -= 1
        if not self._mine.depth:
            with self._changed:
                self._inside -= 1
                if self._forks:
                    self._changed.notify_all()

    def before(self) -> None:
        """Let nobody in, and wait until the other threads are out."""
        until_s = time.monotonic() + WAIT_MAX_S
        own = 1 if self._depth() else 0
        with self._changed:
            self._forks += 1
            while self._inside > own and (left_s := until_s - time.monotonic()) > 0:
                self._changed.wait(left_s)

    def after_in_parent(self) -> None:
        """Let them in again."""
        with self._changed:
            self._forks -= 1
            self._changed.notify_all()

    def after_in_child(self) -> None:
        """Begin anew: the other threads are not here."""
        self._renew(1 if self._depth() else 0)

    def _depth(self) -> int:
        depth: int = getattr(self._mine, "depth", 0)
        return depth


UNFORKED = ForkGate()
"""The gate of this process."""

if hasattr(os, "register_at_fork"):
    os.register_at_fork(
        before=UNFORKED.before,
        after_in_parent=UNFORKED.after_in_parent,
        after_in_child=UNFORKED.after_in_child,
    )
