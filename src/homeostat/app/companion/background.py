"""The background: what goes on for as long as a companion's application runs, and how all of it ends."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager

from starlette.applications import Starlette

from homeostat.app.companion.canary_front import CanaryFront
from homeostat.app.companion.checks import security_of
from homeostat.app.companion.messages import MessageApi
from homeostat.app.companion.node import CompanionNode
from homeostat.core.guard import guarded
from homeostat.runtime.jobs.worker import Worker

DRAIN_S = 5.0
AGAIN_S = 5.0
"""After which a part that failed is begun again."""

CANARY_S = 5.0
"""Between two questions of canaries: one in 750 messages at 150 a second."""

BLOCKS_S = 5.0
"""Within which a block that was lifted elsewhere is lifted here."""

SECURITY_S = 15.0
"""Between two steps of each check: the life of a canary takes some six minutes."""

Serve = Callable[[], Awaitable[None]]


class Background:
    """Serves the parts of a node that go on by themselves. One that fails is counted, and begun again."""

    def __init__(self, node: CompanionNode, front: CanaryFront) -> None:
        self._node = node
        self._front = front
        self._losses = node.homeostat.losses
        self._ending = False
        parts: dict[str, Serve] = {
            "rounds": node.rounds.serve,
            "nights": node.nights.serve,
            "bus": node.news.bus.serve,
            "blocks": self._blocks,
        }
        if node.options.canaries:
            parts |= {"canaries": self._canaries, "security": self._security}
        self._tasks = [asyncio.create_task(self._served(name, serve)) for name, serve in parts.items()]

    async def end(self) -> None:
        """End all of them, one after the other."""
        self._ending = True
        for task in self._tasks:
            task.cancel()
            await asyncio.wait([task])

    async def _served(self, name: str, serve: Serve) -> None:
        while not self._ending:
            with guarded(self._losses, f"companion.{name}", private=True):
                await serve()
            await asyncio.sleep(AGAIN_S)

    async def _canaries(self) -> None:
        """Ask a canary now and then."""
        await self._node.threads.run(self._node.canaries.plant)
        while True:
            await self._node.threads.run(self._node.canaries.ask)
            await asyncio.sleep(CANARY_S)

    async def _security(self) -> None:
        """Take the next steps of the checks of security now and then."""
        security = security_of(self._node, self._front)
        step: asyncio.Future[None] | None = None
        try:
            while True:
                await asyncio.sleep(SECURITY_S)
                step = asyncio.ensure_future(self._node.threads.elsewhere(security.step))
                await asyncio.shield(step)
        finally:  # a step asks this application, which answers until here
            if step is not None:
                await asyncio.wait([step])
            await self._node.threads.elsewhere(security.close)

    async def _blocks(self) -> None:
        """Follow whom other servers block, and who is let in again."""
        while True:
            await self._node.threads.run(self._node.sentry.follow)
            await asyncio.sleep(BLOCKS_S)


@asynccontextmanager
async def background(node: CompanionNode, app: Starlette, messages: MessageApi) -> AsyncIterator[None]:
    """Have jobs and background go on within; after it each ends, whatever becomes of the others."""
    async with AsyncExitStack() as ending:
        ending.push_async_callback(node.news.bus.close)
        ending.push_async_callback(node.jobs.close)
        worker = await node.jobs.worker(node.options.workers, DRAIN_S)
        ending.push_async_callback(_stopped, worker, asyncio.create_task(worker.run()))
        ending.push_async_callback(node.dreams.settled)
        ending.push_async_callback(messages.settled)
        node.prober.start()
        ending.push_async_callback(Background(node, CanaryFront(app, asyncio.get_running_loop())).end)
        ending.callback(node.dreams.drop_all)
        yield


async def _stopped(worker: Worker, working: asyncio.Task[None]) -> None:
    worker.stop(at_once=True)
    await working
