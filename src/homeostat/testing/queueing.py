"""The queueing model of a model server: one queue, some slots, prefill, then shared decoding.

A request waits in order of arrival for one of `slots`. Its prompt is prefilled at a fixed speed, which
yields the first token; the other tokens are decoded at a pace that all active requests share and that
slows with each of them, as it does in a server that decodes in batches (continuous batching, Orca,
OSDI 2022). Time is an argument: the model runs as well under a hand-driven clock as in real time.
"""

import math
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from heapq import heappop, heappush


@dataclass(frozen=True, slots=True)
class Service:
    """How fast a model server works.

    Prefill takes `overhead_s + tokens * prefill_s_per_token`. One token takes `decode_s_per_token` for a
    lone request and `crowding` of that more for each further active one. Past `queue_max` waiting
    requests the next is turned away.
    """

    slots: int = 8
    queue_max: int = 256
    overhead_s: float = 0.02
    prefill_s_per_token: float = 1e-4
    decode_s_per_token: float = 0.01
    crowding: float = 0.05

    def decode_rate(self, active: int) -> float:
        """Return the tokens a second that each of `active` requests gets; infinite where decoding is free."""
        seconds = self.decode_s_per_token * (1.0 + self.crowding * max(active - 1, 0))
        return 1.0 / seconds if seconds > 0.0 else math.inf


class Phase(Enum):
    """Where a job is."""

    WAITING = "waiting"
    PREFILL = "prefill"
    DECODE = "decode"
    DONE = "done"
    LEFT = "left"


@dataclass(slots=True, eq=False)
class Job:
    """One request in the model.

    `prefill_tokens` is asked when the turn of the job comes, for by then more of its prompt may be
    cached. `weight` is the work of its model relative to that of `Service`. Times are seconds, NaN until
    they are known.
    """

    prefill_tokens: Callable[[], int]
    decode_tokens: int
    weight: float = 1.0
    phase: Phase = Phase.WAITING
    arrived_s: float = math.nan
    started_s: float = math.nan
    first_token_s: float = math.nan
    done_s: float = math.nan
    decode_begun: float = 0.0


class Lane:
    """Jobs in one phase of service, under a clock of work that runs at a rate of its own."""

    __slots__ = ("_heap", "_pushed", "work")

    def __init__(self) -> None:
        self.work = 0.0
        self._pushed = 0
        self._heap: list[tuple[float, int, Job]] = []

    def push(self, job: Job, amount: float) -> None:
        """Let a job end once `amount` more work has been done."""
        self._pushed += 1
        heappush(self._heap, (self.work + amount, self._pushed, job))

    def pop(self) -> Job:
        """Remove and return the job that ends first, at the very moment of its end."""
        due, _, job = heappop(self._heap)
        self.work = max(self.work, due)
        return job

    def remaining(self) -> float:
        """Return the work until the first job ends; infinite without one."""
        while self._heap and self._heap[0][2].phase is Phase.LEFT:
            heappop(self._heap)
        return max(self._heap[0][0] - self.work, 0.0) if self._heap else math.inf


class ModelQueue:
    """The state of the model server at a moment; every method moves it to the time it is given.

    Times must not decrease. Cost: O(log n) for each job and phase, however many tokens it has.
    """

    def __init__(self, service: Service, now_s: float = 0.0) -> None:
        self.service = service
        self.slow_down = 1.0
        self._now_s = now_s
        self._waiting: deque[Job] = deque()
        self._prefill = Lane()
        self._decode = Lane()
        self._active = 0

    @property
    def active(self) -> int:
        """The number of jobs that hold a slot."""
        return self._active

    @property
    def waiting(self) -> int:
        """The number of jobs that wait for a slot."""
        return len(self._waiting)

    def arrive(self, now_s: float, job: Job) -> bool:
        """Take a job in; False where the queue is full. Advance to `now_s` first."""
        self._move(now_s)
        if self._active >= self.service.slots and len(self._waiting) >= self.service.queue_max:
            return False
        job.arrived_s = now_s
        self._waiting.append(job)
        self._admit()
        return True

    def leave(self, now_s: float, job: Job) -> None:
        """Let a job go before its end; its slot is free at once. Advance to `now_s` first."""
        self._move(now_s)
        if job.phase is Phase.WAITING:
            self._waiting.remove(job)
        elif job.phase in (Phase.PREFILL, Phase.DECODE):
            self._active -= 1
        else:
            return
        job.phase = Phase.LEFT
        self._admit()

    def reconfigure(self, now_s: float, service: Service, slow_down: float) -> None:
        """Change the speed from now on: jobs in service go on at the new one. Advance to `now_s` first."""
        self._move(now_s)
        self.service, self.slow_down = service, slow_down
        self._admit()

    def next_s(self) -> float:
        """Return when the phase of a job will change if nothing else happens; infinite if never."""
        return min(self._ends())

    def advance(self, now_s: float) -> list[Job]:
        """Do all that ends until `now_s`, and return the jobs whose phase changed, each once."""
        changed: dict[Job, None] = {}
        while (at_s := min(ends := self._ends())) <= now_s:
            self._move(at_s)
            changed[self._end_prefill() if ends[0] <= ends[1] else self._end_decode()] = None
            self._admit()
        self._move(now_s)
        return list(changed)

    def tokens(self, job: Job) -> int:
        """Return how many tokens of a job have been made by the time last advanced to."""
        if job.phase is Phase.DONE:
            return job.decode_tokens
        if job.phase is not Phase.DECODE:
            return 0
        made = 1 + int((self._decode.work - job.decode_begun) / job.weight)
        return min(made, job.decode_tokens)

    def _rates(self) -> tuple[float, float]:
        return 1.0 / self.slow_down, self.service.decode_rate(self._active) / self.slow_down

    def _ends(self) -> tuple[float, float]:
        prefill, decode = self._rates()
        return (
            self._now_s + self._prefill.remaining() / prefill,
            self._now_s + (self._decode.remaining() / decode if math.isfinite(decode) else 0.0)
            if self._decode.remaining() < math.inf
            else math.inf,
        )

    def _move(self, now_s: float) -> None:
        elapsed = now_s - self._now_s
        if elapsed <= 0.0:
            return
        prefill, decode = self._rates()
        self._prefill.work += elapsed * prefill
        if math.isfinite(decode):
            self._decode.work += elapsed * decode
        self._now_s = now_s

    def _admit(self) -> None:
        while self._waiting and self._active < self.service.slots:
            job = self._waiting.popleft()
            self._active += 1
            job.phase, job.started_s = Phase.PREFILL, self._now_s
            prefill_s = self.service.overhead_s + job.prefill_tokens() * self.service.prefill_s_per_token
            self._prefill.push(job, prefill_s * job.weight)

    def _end_prefill(self) -> Job:
        job = self._prefill.pop()
        job.first_token_s = self._now_s
        if job.decode_tokens <= 1:
            return self._finish(job)
        job.phase, job.decode_begun = Phase.DECODE, self._decode.work
        self._decode.push(job, (job.decode_tokens - 1) * job.weight)
        return job

    def _end_decode(self) -> Job:
        return self._finish(self._decode.pop())

    def _finish(self, job: Job) -> Job:
        job.phase, job.done_s = Phase.DONE, self._now_s
        self._active -= 1
        return job
