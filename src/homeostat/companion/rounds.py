"""The rounds: enrichment as jobs, one a person for all that comes within a short time."""

import asyncio
from collections.abc import Iterable
from hashlib import blake2b
from threading import Lock

from homeostat.companion.enrichment import Enrichment
from homeostat.companion.knobs import FlowKnobs
from homeostat.companion.store.people import People
from homeostat.core.assignment import unit_number
from homeostat.core.clock import SECOND_NS
from homeostat.core.errors import QueueFull, StoreError
from homeostat.core.guard import guarded
from homeostat.runtime.host import Host
from homeostat.runtime.jobs.definition import Call
from homeostat.runtime.jobs.jobs import Jobs
from homeostat.runtime.jobs.retry import Retry

JOB = "companion.enrich"
CHANGED_NS = SECOND_NS
"""The length of a round of those whose messages were edited or removed."""

TURN_S = 0.25
"""How often those are enqueued to whom something was said."""

SWEEP_PAGE = 50
SWEEP_S = 5.0
"""Between two pages of the sweep: it takes 8 minutes for 5,000 people, and a thirtieth of a core."""

SWEEP_PRIORITY = 1
MS_NS = 1_000_000


class Rounds:
    """Enqueues one job a person and round, whatever the number of their messages in it.

    A round ends each `enrich_delay_ms`, for each person at a moment of their own; its job runs then. The
    idempotency key of the job is the round, so that several processes before one queue enqueue it once. What
    was stored but not enqueued when the process was killed is found by the sweep at the next start. A job
    of a person who was forgotten does nothing.
    """

    def __init__(
        self, host: Host, people: People, enrichment: Enrichment, jobs: Jobs, knobs: FlowKnobs
    ) -> None:
        self._people = people
        self._enrichment = enrichment
        self._jobs = jobs
        self._knobs = knobs
        self._clock = host.clock
        self._losses = host.losses
        self._lock = Lock()
        self._due: set[str] = set()
        self._changed: set[str] = set()
        self._ends: dict[tuple[str, int], int] = {}
        self._tidied_ns = 0
        self._job = jobs.job(JOB, retry=Retry(times=3), keep_s=0.0)(self._run)

    def due(self, person: str) -> None:
        """Note that a person said something. Any thread may call it."""
        with self._lock:
            self._due.add(person)

    def changed(self, person: str) -> None:
        """Note that messages were edited or removed: what was learned from them goes within a second."""
        with self._lock:
            self._changed.add(person)

    @property
    def waiting(self) -> int:
        """People whose job is not enqueued yet."""
        return len(self._due | self._changed)

    async def serve(self, *, sweep: bool = True) -> None:
        """Enqueue what is due until cancelled; with `sweep` everybody once, behind all others."""
        sweeping = asyncio.create_task(self._sweep()) if sweep else None
        try:
            while True:
                await asyncio.sleep(TURN_S)
                with guarded(self._losses, "companion.rounds"):
                    await self.enqueue()
        finally:
            if sweeping is not None:
                sweeping.cancel()
            await self.enqueue()

    async def enqueue(self) -> None:
        """Enqueue the jobs of those who are due now; where the queue is full they stay due."""
        delay_ns = self._knobs.enrich_delay_ms.get() * MS_NS
        with self._lock:
            due, self._due = self._due, set()
            changed, self._changed = self._changed, set()
        if changed and not await self._enqueued_all(changed, min(delay_ns, CHANGED_NS)):
            self._losses.add("companion.enrichment_put_off", len(changed))
            with self._lock:
                self._changed |= changed
        if due and not await self._enqueued_all(due, delay_ns):
            self._losses.add("companion.enrichment_put_off", len(due))
            with self._lock:
                self._due |= due

    async def _enqueued_all(self, people: Iterable[str], delay_ns: int, priority: int | None = None) -> bool:
        """Enqueue the jobs of people whose round has none yet; False where the queue takes none now."""
        ends, calls = self._calls(people, delay_ns, priority)
        try:
            await self._jobs.enqueue_many(calls)
        except (QueueFull, StoreError):
            return False
        self._ends.update(ends)
        return True

    def _calls(
        self, people: Iterable[str], delay_ns: int, priority: int | None
    ) -> tuple[dict[tuple[str, int], int], list[Call[None]]]:
        now_ns = self._clock.now_ns()
        ends: dict[tuple[str, int], int] = {}
        calls: list[Call[None]] = []
        if now_ns > self._tidied_ns + SECOND_NS:
            self._tidied_ns = now_ns
            self._ends = {round_: end for round_, end in self._ends.items() if end > now_ns}
        for person in people:
            phase = unit_number(person) % delay_ns
            number = (now_ns + phase) // delay_ns
            end_ns = (number + 1) * delay_ns - phase
            if self._ends.get((person, delay_ns)) == end_ns:
                continue
            ends[person, delay_ns] = end_ns
            digest = blake2b(person.encode(), digest_size=16).hexdigest()
            call = self._job.call(person)
            delay_s = (end_ns - now_ns) / SECOND_NS
            calls.append(
                call.options(key=f"{digest}.{delay_ns}.{number}", delay_s=delay_s, priority=priority)
            )
        return ends, calls

    async def _sweep(self) -> None:
        """Look after everybody once: who has nothing new costs one look."""
        after: str | None = ""
        while after is not None:
            after = await self._swept(after)
            await asyncio.sleep(SWEEP_S)

    async def _swept(self, after: str) -> str | None:
        """Return the last of the page that follows, None after the last; where a store is away the same."""
        try:
            names = await asyncio.to_thread(self._people.names, after, SWEEP_PAGE)
        except StoreError:
            self._losses.add("companion.sweep_put_off")
            return after
        if not names:
            return None
        delay_ns = self._knobs.enrich_delay_ms.get() * MS_NS
        return names[-1] if await self._enqueued_all(names, delay_ns, SWEEP_PRIORITY) else after

    def _run(self, person: str) -> None:
        self._enrichment.catch_up(person)
