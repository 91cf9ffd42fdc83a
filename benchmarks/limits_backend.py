"""A backend whose throughput follows the Universal Scalability Law, in virtual time."""

import asyncio
import heapq
from dataclasses import dataclass
from itertools import count
from random import Random


@dataclass(frozen=True, slots=True)
class Law:
    """The Universal Scalability Law (Gunther, 1993): what n calls in progress come to.

    That is rate n / (1 + contention (n - 1) + coherency n (n - 1)).
    """

    rate_per_s: float
    contention: float
    coherency: float

    def throughput(self, n: int) -> float:
        """Return the calls a second that n calls in progress come to."""
        return self.rate_per_s * n / (1 + self.contention * (n - 1) + self.coherency * n * (n - 1))


class Backend:
    """Calls in progress share it evenly. Each has an exponential amount of work, which is finished also where
    its caller has gone away."""

    def __init__(self, law: Law, random: Random) -> None:
        self.law = law
        self.slowness = 1.0
        self._random = random
        self._loop = asyncio.get_running_loop()
        self._heap: list[tuple[float, int, asyncio.Future[None]]] = []
        self._numbers = count()
        self._done = 0.0  # the work that each call in progress got since the start
        self._at_s = self._loop.time()
        self._timer: asyncio.TimerHandle | None = None

    async def call(self) -> None:
        """Do one call's work."""
        self._work_on()
        future = self._loop.create_future()
        amount = self._random.expovariate(1.0)
        heapq.heappush(self._heap, (self._done + amount, next(self._numbers), future))
        self._plan()
        await future

    def _pace(self) -> float:
        """Return the work a second of each call in progress."""
        n = len(self._heap)
        return self.law.throughput(n) / n / self.slowness if n else 0.0

    def _work_on(self) -> None:
        """Bring the work up to now."""
        now_s = self._loop.time()
        self._done += (now_s - self._at_s) * self._pace()
        self._at_s = now_s

    def _plan(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
        if self._heap:
            wait_s = max(0.0, (self._heap[0][0] - self._done) / self._pace())
            self._timer = self._loop.call_later(wait_s, self._finish)

    def _finish(self) -> None:
        self._timer = None
        self._work_on()
        if self._heap:
            self._done = max(self._done, self._heap[0][0])
            _, _, future = heapq.heappop(self._heap)
            if not future.done():
                future.set_result(None)
        self._plan()

    def slow_down(self, slowness: float) -> None:
        """Take so many times longer from now on."""
        if slowness == self.slowness:
            return
        self._work_on()
        self.slowness = slowness
        self._plan()
