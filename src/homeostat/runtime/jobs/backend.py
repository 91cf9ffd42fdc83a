"""The seams between jobs and what keeps and delivers them.

A back-end keeps records (`Register` for clients, `Leases` for workers) and has a feed that brings work to a
worker. It refuses the outcome of a run whose fencing token is not the newest: that is what makes a second
delivery harmless.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from homeostat.runtime.jobs.record import Claim, Depth, Job, NewJob, Outcome, Report, State

LOST_MAX = 5
"""Workers that a job may outlive; one that takes down the next as well is dead."""


@dataclass(frozen=True, slots=True)
class ById:
    """Jobs by their ids, in that order; the unknown are left out."""

    ids: Sequence[str]


@dataclass(frozen=True, slots=True)
class Listed:
    """The newest jobs in one state, of one name if it is given."""

    state: State
    name: str = ""
    limit: int = 100


class Order(StrEnum):
    """What may be asked for of jobs that are there."""

    CANCEL = "cancel"
    SEND_AGAIN = "send again"
    FORGET = "forget"


@dataclass(frozen=True, slots=True)
class Ask:
    """The work that a worker would take: up to `count` ready jobs, or the very jobs that were delivered.

    `limits` has the names that the worker can run, each with how many may run at once over all workers (0
    for any number).
    """

    limits: Mapping[str, int]
    count: int = 0
    ids: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class Exchanged:
    """The answer to an exchange: ids of outcomes that came too late, and jobs that are the worker's now."""

    refused: Sequence[str] = ()
    claims: Sequence[Claim] = ()


@dataclass(frozen=True, slots=True)
class Beat:
    """The answer to a heartbeat: of the jobs reported, those to cancel and those that others have by now."""

    cancelled: frozenset[str] = frozenset()
    lost: frozenset[str] = frozenset()


class Register(Protocol):
    """The records, as a client sees them."""

    async def submit(self, jobs: Sequence[NewJob]) -> Sequence[str]:
        """Keep jobs, all or none, durably; return their ids: that of the earlier job where a key is known."""
        ...

    async def find(self, query: ById | Listed) -> Sequence[Job]:
        """Return jobs."""
        ...

    async def order(self, order: Order, ids: Sequence[str]) -> Sequence[str]:
        """Carry out an order; return the jobs that it held for.

        Only dead and cancelled jobs are sent again, only final ones forgotten. A running job that is
        cancelled is told so with its worker's next heartbeat.
        """
        ...


class Leases(Protocol):
    """The records, as a worker sees them. A worker that did not beat for a lease's time is taken for dead."""

    async def exchange(self, worker: str, outcomes: Sequence[Outcome], ask: Ask) -> Exchanged:
        """Settle runs and take new jobs, in one transaction."""
        ...

    async def beat(self, worker: str, reports: Sequence[Report]) -> Beat:
        """Prolong the worker's lease on all that it runs, and make ready what dead workers left behind."""
        ...

    async def leave(self, worker: str) -> None:
        """Give up the lease; what the worker still ran is made ready."""
        ...


Deliver = Callable[[str], Awaitable[float]]
"""Runs the job of an id that an engine delivered; answers 0, or in how many seconds to deliver it again."""


class Feed(Protocol):
    """An engine that delivers jobs to a worker."""

    async def serve(self, deliver: Deliver) -> None:
        """Deliver until stopped or cancelled; return when nothing that was delivered is under way."""
        ...

    def stop(self) -> None:
        """Deliver nothing further."""
        ...


@dataclass(frozen=True, slots=True)
class Backend:
    """One engine with its records.

    `feed` makes the feed for the jobs of a worker: their names with the limits over all workers, and how many
    the worker runs at once. It is None where the worker fetches its jobs by `Leases.exchange`.
    """

    engine: str
    register: Register
    leases: Leases
    depth: Callable[[], Awaitable[Depth]]
    close: Callable[[], Awaitable[None]]
    feed: Callable[[Mapping[str, int], int], Feed] | None = None
    lease_s: float = 10.0
