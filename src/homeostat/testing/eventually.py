"""Waiting for what other threads, processes and servers do: sure to come, when is not said.

The time given is no claim: it only ends a test that waits for what will never come.
"""

import asyncio
import time
from collections.abc import Callable

WITHIN_S = 60.0


async def eventually(holds: Callable[[], bool], within_s: float = WITHIN_S) -> None:
    """Return once something holds; raise TimeoutError where it does not in time.

    >>> asyncio.run(eventually(lambda: True))
    """
    async with asyncio.timeout(within_s):
        while not holds():  # noqa: ASYNC110 - there is no event for it
            await asyncio.sleep(0.002)


def until(holds: Callable[[], bool], within_s: float = WITHIN_S) -> None:
    """Return once something holds, without an event loop; raise TimeoutError where it does not in time.

    >>> until(lambda: True)
    """
    deadline_s = time.monotonic() + within_s
    while not holds():
        if time.monotonic() > deadline_s:
            raise TimeoutError(f"it did not come within {within_s:g} s")
        time.sleep(0.01)
