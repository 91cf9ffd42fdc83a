"""The engine: runs the queueing model in real time, on the event loop's clock."""

import asyncio
import contextlib
import random
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace

from homeostat.testing.queueing import Job, ModelQueue, Phase
from homeostat.testing.simulated_model.prefix_cache import PrefixCache
from homeostat.testing.simulated_model.settings import Faults, Settings
from homeostat.testing.simulated_model.tokens import Prompt


@dataclass(slots=True, eq=False)
class Ticket:
    """One request in the engine: `begun` and `done` are set when its first and last token are made."""

    job: Job
    prompt: Prompt
    begun: asyncio.Event
    done: asyncio.Event
    cached_tokens: int = 0


class Engine:
    """One simulated model server. Lives on one event loop."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.faults = settings.faults
        self.cache = PrefixCache(
            settings.cache_block_tokens, settings.cache_blocks, settings.cache_tokens_min
        )
        self.served = 0
        self.draw = random.Random(settings.seed).random  # noqa: S311 - faults by chance, not a secret
        self._loop = asyncio.get_running_loop()
        self._queue = ModelQueue(settings.service, self._loop.time())
        self._tickets: dict[Job, Ticket] = {}
        self._timer: asyncio.TimerHandle | None = None
        self.set_faults(settings.faults)

    @property
    def active(self) -> int:
        """The number of requests in service."""
        return self._queue.active

    @property
    def waiting(self) -> int:
        """The number of requests that wait."""
        return self._queue.waiting

    def set_faults(self, faults: Faults) -> None:
        """Let other things go wrong from now on."""
        self._advance()
        service = self.settings.service
        if faults.slots is not None:
            service = replace(service, slots=faults.slots)
        self.faults = faults
        self._queue.reconfigure(self._loop.time(), service, faults.slow_down)
        self._schedule()

    def submit(self, prompt: Prompt, output_tokens: int, weight: float) -> Ticket | None:
        """Queue a request; None where the queue is full."""

        def uncached_tokens() -> int:
            ticket.cached_tokens = min(self.cache.cached_tokens(prompt), prompt.tokens)
            return prompt.tokens - ticket.cached_tokens

        job = Job(uncached_tokens, output_tokens, weight)
        ticket = Ticket(job, prompt, asyncio.Event(), asyncio.Event())
        self._advance()
        if not self._queue.arrive(self._loop.time(), job):
            return None
        self._tickets[job] = ticket
        self._schedule()
        return ticket

    def cancel(self, ticket: Ticket) -> None:
        """Let a request go whose client has gone; nothing happens to one that is done."""
        if self._tickets.pop(ticket.job, None) is not None:
            self._advance()
            self._queue.leave(self._loop.time(), ticket.job)
            self._schedule()

    async def progress(self, ticket: Ticket) -> AsyncIterator[int]:
        """Yield the number of tokens made so far, whenever there are more, until there are all."""
        try:
            await ticket.begun.wait()
            sent = 0
            while not ticket.done.is_set():
                self._advance()
                made = self._queue.tokens(ticket.job)
                if made > sent:
                    yield made
                    sent = made
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(self.settings.chunk_s):
                        await ticket.done.wait()
            yield ticket.job.decode_tokens
        finally:
            self.cancel(ticket)

    def _advance(self) -> None:
        for job in self._queue.advance(self._loop.time()):
            ticket = self._tickets[job]
            if not ticket.begun.is_set():
                self.cache.remember(ticket.prompt)
                ticket.begun.set()
            if job.phase is Phase.DONE:
                del self._tickets[job]
                self.served += 1
                ticket.done.set()

    def _schedule(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        next_s = self._queue.next_s()
        if next_s != float("inf"):
            self._timer = self._loop.call_at(next_s, self._wake)

    def _wake(self) -> None:
        self._advance()
        self._schedule()
