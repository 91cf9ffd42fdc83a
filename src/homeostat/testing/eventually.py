"""Waiting for what other threads, processes and servers do: sure to come, when is not said."""

import asyncio
from collections.abc import Callable


async def eventually(holds: Callable[[], bool], within_s: float = 30.0) -> None:
    """Return once something holds; raise TimeoutError where it does not in time.

    >>> asyncio.run(eventually(lambda: True))
    """
    async with asyncio.timeout(within_s):
        while not holds():  # noqa: ASYNC110 - there is no event for it
            await asyncio.sleep(0.002)
