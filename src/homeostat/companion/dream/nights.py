"""The nights: dreams of people who are away, as jobs, as far as the budget goes."""

import asyncio
from collections import OrderedDict
from collections.abc import Callable
from hashlib import blake2b
from itertools import islice
from threading import Lock

import msgspec

from homeostat.companion.dream.dreams import Dreams, Underway
from homeostat.companion.store.people import People
from homeostat.core.errors import QueueFull, StoreError, UnknownPerson
from homeostat.core.guard import guarded
from homeostat.runtime.host import Host
from homeostat.runtime.jobs.jobs import Jobs
from homeostat.runtime.jobs.retry import Retry

JOB = "companion.dream"
TURN_S = 1.0
PRIORITY = 1
WAITING_MAX = 100_000
NOTE = "dream.night"
NEW_MIN = 4
"""So many messages must have come since the last dream while the person was away."""


class Nights:
    """Waits for each person to be away, and has them dream then.

    Who says something in the meantime is waited for anew. A dream is one job, by a key made of the person and
    their last message: several processes before one queue enqueue it once. Who waits is not kept: after a
    start, everybody is looked at again with the first round of the enrichment.
    """

    def __init__(
        self,
        host: Host,
        people: People,
        dreams: Dreams,
        jobs: Jobs,
        may: Callable[[str], bool] = lambda person: True,
    ) -> None:
        """`may` says whether a person has dreams at all, when their time has come."""
        self._may = may
        self._people = people
        self._dreams = dreams
        self._jobs = jobs
        self._clock = host.clock
        self._losses = host.losses
        self._request = host.tracer.request
        self._lock = Lock()
        self._away_ns: OrderedDict[str, int] = OrderedDict()
        self._job = jobs.job(JOB, retry=Retry(times=0), keep_s=0.0, priority=PRIORITY)(self._run)

    def quiet(self, person: str, at_ns: int) -> None:
        """Note when a person will count as away, unless they say more. Any thread may call it."""
        with self._lock:
            self._away_ns.pop(person, None)
            self._away_ns[person] = at_ns
            if len(self._away_ns) > WAITING_MAX:
                self._away_ns.popitem(last=False)
                self._losses.add("companion.dream.not_waited_for")

    def back(self, person: str) -> None:
        """Note that a person says something now: they are not away. Any thread may call it."""
        with self._lock:
            self._away_ns.pop(person, None)

    @property
    def waiting(self) -> int:
        """People who are waited for."""
        return len(self._away_ns)

    async def serve(self) -> None:
        """Enqueue dreams until cancelled."""
        while True:
            await asyncio.sleep(TURN_S)
            with guarded(self._losses, "companion.nights"):
                await self.enqueue()

    async def enqueue(self) -> int:
        """Enqueue the dreams of those who are away by now, as many as there is room for; return how many."""
        room = self._dreams.room if self._dreams.cpu["away"].left else 0
        people = self._taken(room)
        calls = []
        for person in people:
            last = await asyncio.to_thread(self._due, person)
            if last:
                digest = blake2b(person.encode(), digest_size=16).hexdigest()
                calls.append(self._job.call(person, last).options(key=f"{digest}.{last}"))
        try:
            await self._jobs.enqueue_many(calls)
        except (QueueFull, StoreError):
            self._losses.add("companion.dream_put_off", len(people))
            for person in people:
                self.quiet(person, self._clock.now_ns())
            return 0
        return len(calls)

    def _taken(self, most: int) -> list[str]:
        """Take out up to so many people who are away by now, who waited longest first."""
        now_ns = self._clock.now_ns()
        with self._lock:
            away = (person for person, at_ns in self._away_ns.items() if at_ns <= now_ns)
            due = list(islice(away, most))
            for person in due:
                del self._away_ns[person]
        return due

    def _due(self, person: str) -> int:
        """Return the last seq of a person who has said enough since their last dream, else 0.

        The knob is read as part of a request of that person: a trial gives dreams to some and not to others.
        """
        if not self._may(person):
            return 0
        with self._request("companion.dream.due", user=person):
            if not self._dreams.knobs.dreams.get():
                return 0
        try:
            with self._people.open(person) as memory:
                last = memory.extent().last
                note = memory.notes.get(NOTE)
        except UnknownPerson:
            return 0
        except StoreError:  # it is away: later
            self._losses.add("companion.dream_put_off")
            self.quiet(person, self._clock.now_ns())
            return 0
        before = 0 if note is None else msgspec.msgpack.decode(note, type=int)
        return last if last - before >= NEW_MIN else 0

    async def _run(self, person: str, last: int) -> None:
        try:
            session = self._dreams.begin(person, "away")
        except Underway:  # with the next message it is waited for again
            return
        except QueueFull:
            self._losses.add("companion.dream_put_off")
            self.quiet(person, self._clock.now_ns())
            return
        await self._dreams.run(session)
        await asyncio.to_thread(self._noted, person, last)

    def _noted(self, person: str, last: int) -> None:
        try:
            with self._people.open(person) as memory:
                memory.notes.put({NOTE: msgspec.msgpack.encode(last)})
        except UnknownPerson:
            pass
