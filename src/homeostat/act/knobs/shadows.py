"""The shadows: what runs beside the application for a trial, bounded, and never in its way."""

import contextvars
import threading
from collections.abc import Callable, Coroutine
from typing import TYPE_CHECKING, Any

from homeostat.core.guard import guarded
from homeostat.core.losses import Losses

if TYPE_CHECKING:
    from asyncio import Task

SHADOWS_MAX = 4
"""Shadows that run at a time, those of threads and of asyncio together."""


class Shadows:
    """Runs shadows, each in a daemon thread or a task of its own.

    What a shadow raises goes no further; where there is no room, it is left out and counted. Reserve a place
    first, then start exactly one.
    """

    def __init__(self, losses: Losses) -> None:
        self._losses = losses
        self._places = threading.BoundedSemaphore(SHADOWS_MAX)
        self._tasks: set[Task[None]] = set()

    def reserve(self) -> bool:
        """Take a place; False, counted, where there is none."""
        if self._places.acquire(blocking=False):
            return True
        self._losses.add("shadow.no_room")
        return False

    def start(self, run: Callable[[], None]) -> None:
        """Run in a thread, and give the place back at its end."""
        try:
            threading.Thread(target=self._run, args=(run,), name="homeostat-shadow", daemon=True).start()
        except RuntimeError:  # no thread can be had, as at the interpreter's end
            self._losses.add("shadow.not_started")
            self._places.release()

    def start_async(self, run: Callable[[], Coroutine[Any, Any, None]], context: contextvars.Context) -> None:
        """Run in a task of the running loop, and give the place back at its end."""
        from asyncio import get_running_loop

        try:
            loop = get_running_loop()
        except RuntimeError:  # the coroutine is closed while no loop runs
            self._losses.add("shadow.not_started")
            self._places.release()
            return
        task = loop.create_task(self._run_async(run), context=context)
        self._tasks.add(task)
        task.add_done_callback(self._ended)

    def forget(self) -> None:
        """Begin anew in a forked child: the parent's shadows do not run here."""
        self._places = threading.BoundedSemaphore(SHADOWS_MAX)
        self._tasks.clear()

    def _run(self, run: Callable[[], None]) -> None:
        try:
            with guarded(self._losses, "shadow"):
                run()
        finally:
            self._places.release()

    async def _run_async(self, run: Callable[[], Coroutine[Any, Any, None]]) -> None:
        with guarded(self._losses, "shadow"):
            await run()

    def _ended(self, task: "Task[None]") -> None:
        self._tasks.discard(task)
        self._places.release()
