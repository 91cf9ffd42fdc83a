"""Live updates: one rendering a second of each view, shared by all who look at it."""

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import suppress
from dataclasses import dataclass, field

import msgspec
from anyio import to_thread

from homeostat.core.guard import guarded
from homeostat.core.losses import Losses

CLIENTS_MAX = 64
VIEWS_MAX = 16
BACKLOG = 3
"""Updates that a client may lag behind before it is dropped; its browser then connects anew."""

INTERVAL_S = 1.0
HEARTBEAT_S = 15.0

Render = Callable[[], str]


@dataclass(eq=False, slots=True)
class _View:
    """One view that somebody looks at, and the queue of each of them."""

    render: Render
    interval_s: float
    queues: set[asyncio.Queue[bytes | None]] = field(default_factory=set)
    task: asyncio.Task[None] | None = None
    newest: bytes = b""


class Live:
    """Renders views while somebody looks at them. Lives on one event loop."""

    def __init__(self, losses: Losses, interval_s: float = INTERVAL_S) -> None:
        self._losses = losses
        self._interval_s = interval_s
        self._views: dict[str, _View] = {}
        self._closed = False

    @property
    def clients(self) -> int:
        """How many look on."""
        return sum(len(v.queues) for v in self._views.values())

    def full(self, key: str) -> bool:
        """Tell whether one more client of this view would be too many."""
        if self._closed or self.clients >= CLIENTS_MAX:
            return True
        return key not in self._views and len(self._views) >= VIEWS_MAX

    async def stream(
        self, key: str, render: Render, interval_s: float | None = None
    ) -> AsyncGenerator[bytes, None]:
        """Yield server-sent events: the view at once, and again whenever it has changed.

        It is looked at once in an interval: that of the view's first client, else the usual one.
        """
        view = self._views.get(key)
        if view is None:
            view = self._views[key] = _View(render, interval_s or self._interval_s)
        queue: asyncio.Queue[bytes | None] = asyncio.Queue(BACKLOG)
        view.queues.add(queue)
        if view.newest:
            queue.put_nowait(view.newest)
        if view.task is None:
            view.task = asyncio.create_task(self._run(key, view), name=f"live {key}")
        try:
            yield b"retry: 2000\n\n"
            while True:
                try:
                    found = await asyncio.wait_for(queue.get(), HEARTBEAT_S)
                except TimeoutError:
                    found = b": still here\n\n"
                if found is None:
                    return
                yield found
        finally:
            view.queues.discard(queue)
            if not view.queues:
                self._end(key, view)

    def _end(self, key: str, view: _View) -> None:
        if view.task is not None:
            view.task.cancel()
        if self._views.get(key) is view:
            del self._views[key]

    async def _run(self, key: str, view: _View) -> None:
        loop = asyncio.get_running_loop()
        while True:
            began = loop.time()
            with guarded(self._losses, "live"):
                html = await to_thread.run_sync(view.render)
                update = event_of(html)
                if update != view.newest:
                    view.newest = update
                    self._send(view, update)
            took = loop.time() - began
            await asyncio.sleep(max(view.interval_s - took, took, 0.05))

    def _send(self, view: _View, update: bytes) -> None:
        for queue in list(view.queues):
            try:
                queue.put_nowait(update)
            except asyncio.QueueFull:
                self._losses.add("web.live_client_too_slow")
                view.queues.discard(queue)
                while not queue.empty():
                    queue.get_nowait()
                queue.put_nowait(None)

    async def close(self) -> None:
        """End all streams."""
        self._closed = True
        tasks = [v.task for v in self._views.values() if v.task is not None]
        for view in self._views.values():
            for queue in view.queues:
                while not queue.empty():
                    queue.get_nowait()
                queue.put_nowait(None)
        for task in tasks:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task


def event_of(html: str) -> bytes:
    """Return one server-sent event that carries a view as JSON text."""
    return b"event: view\ndata: " + msgspec.json.encode(html) + b"\n\n"
