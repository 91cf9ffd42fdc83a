"""Group commit: what is put while one commit is under way goes into the next, all together."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Generic, TypeVar

Item = TypeVar("Item")
Answer = TypeVar("Answer")


class Grouped(Generic[Item, Answer]):
    """Commits items together and gives each its answer; an error of a commit is that of all its items.

    An item whose caller was cancelled is committed all the same.
    """

    def __init__(
        self, commit: Callable[[Sequence[Item]], Awaitable[Sequence[Answer]]], items_max: int = 1_000
    ) -> None:
        self._commit = commit
        self._items_max = items_max
        self._waiting: list[tuple[Item, asyncio.Future[Answer]]] = []
        self._committing: asyncio.Task[None] | None = None

    async def put(self, item: Item) -> Answer:
        """Commit an item and return its answer."""
        answer: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
        self._waiting.append((item, answer))
        if self._committing is None or self._committing.done():
            self._committing = asyncio.create_task(self._commit_all())
        return await answer

    async def _commit_all(self) -> None:
        while self._waiting:
            batch = self._waiting[: self._items_max]
            del self._waiting[: self._items_max]
            futures = [future for _, future in batch]
            with _Told(futures):
                answers = await self._commit([item for item, _ in batch])
                for future, answer in zip(futures, answers, strict=True):
                    if not future.done():
                        future.set_result(answer)


class _Told:
    """Hands an error to those who wait for what it prevented."""

    def __init__(self, futures: "Sequence[asyncio.Future[Answer]]") -> None:
        self._futures = futures

    def __enter__(self) -> None:
        pass

    def __exit__(self, kind: object, error: BaseException | None, traceback: object) -> bool:
        if error is None:
            return False
        for future in self._futures:
            if not future.done():
                future.set_exception(error)
        return isinstance(error, Exception)
