"""The lane: a bounded queue of texts, and the one thread that judges them."""

import threading
from collections import deque
from collections.abc import Callable

from homeostat.core.guard import guarded
from homeostat.core.losses import Losses
from homeostat.loop.evaluating.breath import Breath
from homeostat.loop.evaluating.said import Task

TEXTS_MAX = 256
CHARACTERS_MAX = 4_000_000
MEDIA_BYTES_MAX = 64_000_000
"""Texts, their characters with their sources, and pictures and sounds that wait at most in one lane."""


class Lane:
    """Takes texts from any thread without waiting, and judges them one after another.

    The thread begins with the first text, and judging takes no more than the share `share` of one core
    (`Breath`). What finds no room is refused.
    """

    def __init__(
        self,
        name: str,
        judge: Callable[[Task, Breath], None],
        share: Callable[[], float],
        tell_waiting: Callable[[int], None],
        losses: Losses,
    ) -> None:
        self._name = name
        self._judge = judge
        self._tell_waiting = tell_waiting
        self._share = share
        self._losses = losses
        self._changed = threading.Condition()
        self._tasks: deque[Task] = deque()
        self._characters = self._media_bytes = 0
        self._judging = False
        self._thread: threading.Thread | None = None
        self._closing = False
        self._ended = threading.Event()

    def offer(self, task: Task) -> bool:
        """Queue a text; False where there is no room for it, or the lane is closed."""
        characters, media_bytes = task.said.characters, task.said.media_bytes
        with self._changed:
            full = (
                len(self._tasks) >= TEXTS_MAX
                or self._characters + characters > CHARACTERS_MAX
                or self._media_bytes + media_bytes > MEDIA_BYTES_MAX
            )
            if self._closing or full:
                return False
            self._tasks.append(task)
            self._characters += characters
            self._media_bytes += media_bytes
            self._tell_waiting(len(self._tasks))
            if self._thread is None:
                self._thread = threading.Thread(
                    target=self._run, name=f"homeostat-evaluate-{self._name}", daemon=True
                )
                self._thread.start()
            self._changed.notify_all()
            return True

    def wait(self, timeout_s: float) -> bool:
        """Wait until all that was offered is judged; False if that takes longer than the time given."""
        with self._changed:
            return self._changed.wait_for(lambda: not self._tasks and not self._judging, timeout_s)

    def close(self, timeout_s: float) -> int:
        """End after the text that is being judged; return how many were left, which nobody judges now."""
        with self._changed:
            self._closing = True
            left = len(self._tasks)
            self._characters = self._media_bytes = 0
            self._tasks.clear()
            self._tell_waiting(0)
            self._ended.set()
            self._changed.notify_all()
            thread = self._thread
        if thread is not None and thread is not threading.current_thread():
            thread.join(timeout_s)
        return left

    def _run(self) -> None:
        breath = Breath(self._share, self._ended)
        while (task := self._next()) is not None:
            breath.begin()
            with guarded(self._losses, "evaluate", private=True):
                self._judge(task, breath)
            del task
            with self._changed:
                self._judging = False
                self._changed.notify_all()
            breath.rest()

    def _next(self) -> Task | None:
        with self._changed:
            self._changed.wait_for(lambda: self._tasks or self._closing)
            if not self._tasks:
                return None
            task = self._tasks.popleft()
            self._characters -= task.said.characters
            self._media_bytes -= task.said.media_bytes
            self._tell_waiting(len(self._tasks))
            self._judging = True
            return task
