"""Ending tasks for sure: a library's own time limit may swallow a cancellation."""

import asyncio
from collections.abc import Collection

ROUNDS = 5
ROUND_S = 1.0


async def ended(tasks: "Collection[asyncio.Task[None]]") -> None:
    """Cancel tasks, once a second until they have ended; what goes on after five is left to itself."""
    pending = {task for task in tasks if not task.done()}
    for _ in range(ROUNDS):
        if not pending:
            return
        for task in pending:
            task.cancel()
        _, pending = await asyncio.wait(pending, timeout=ROUND_S)


def raised(tasks: "Collection[asyncio.Task[None]]") -> None:
    """Raise the first of what the tasks raised that have ended; the others raised it for the same reason."""
    errors = [task.exception() for task in tasks if task.done() and not task.cancelled()]
    for error in errors:
        if error is not None:
            raise error
