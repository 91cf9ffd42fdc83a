"""The thread pool: plain functions that wait, beside the event loop."""

import asyncio
import contextvars
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

from homeostat.runtime.host import Host
from homeostat.runtime.pools.workers import Workers

THREADS_MAX = 256


class ThreadPool(Workers):
    """Runs functions in threads, with the caller's context variables: operations nest, deadlines hold.

    Threads begin when they are first needed; those that a lowered size leaves over sleep until `close`.

    >>> from homeostat.testing.bare_host import BareHost
    >>> parse = ThreadPool(BareHost(), "parse", 4)
    >>> parse.call(str.upper, "word")
    'WORD'
    >>> parse.close()
    """

    def __init__(
        self,
        host: Host,
        name: str,
        size: int = 8,
        *,
        size_max: int = THREADS_MAX,
        queue_max: int = 100,
        wait_max_s: float = 1.0,
    ) -> None:
        super().__init__(host, name, "threads", size, size_max, queue_max, wait_max_s)
        self._executor = ThreadPoolExecutor(size_max + 1, thread_name_prefix=name)

    async def check(self) -> None:
        """Run nothing in a thread that is kept for that: past those that wait."""
        await asyncio.wrap_future(self._executor.submit(_nothing))

    async def aclose(self) -> None:
        """Take no more calls, serve those that wait, and end."""
        await self._slots.drained()
        self._executor.shutdown()

    def close(self) -> None:
        """Do as `aclose` does, in a thread."""
        self._slots.drained_blocking()
        self._executor.shutdown()

    def _submit(
        self, function: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> Future[Any]:
        return self._executor.submit(contextvars.copy_context().run, function, *args, **kwargs)


def _nothing() -> None:
    pass
