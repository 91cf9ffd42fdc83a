"""Ending tasks for sure: a library's own time limit may swallow a cancellation, or turn it into an error."""

import asyncio
from collections.abc import Collection
from typing import Any

from homeostat.core.log import event

ROUNDS = 5
ROUND_S = 1.0


async def ended(tasks: "Collection[asyncio.Task[Any]]") -> None:
    """Cancel tasks, once a second until they have ended; what goes on after five is left to itself.

    What they raise instead of ending is logged, whenever that is: nobody else may come to ask for it.
    """
    pending = {task for task in tasks if not task.done()}
    for task in tasks:
        task.add_done_callback(_heard)
    for _ in range(ROUNDS):
        if not pending:
            return
        for task in pending:
            task.cancel()
        _, pending = await asyncio.wait(pending, timeout=ROUND_S)


def raised(tasks: "Collection[asyncio.Task[Any]]") -> None:
    """Raise the first of what the tasks raised that have ended; the others raised it for the same reason."""
    errors = [task.exception() for task in tasks if task.done() and not task.cancelled()]
    for error in errors:
        if error is not None:
            raise error


def _heard(task: "asyncio.Task[Any]") -> None:
    if not task.cancelled() and (error := task.exception()) is not None:
        event("task.ended_in_error", reason=type(error).__name__)
