"""Jobs under fire: workers are killed in the middle of their jobs, and what became of each job is counted.

As a module it is the application whose workers are killed: `homeostat worker MODULE:jobs`.
"""

import asyncio
import os
import time
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from homeostat.core.errors import HomeostatError
from homeostat.loop.homeostat import Homeostat
from homeostat.runtime.jobs import Handle, Jobs, Retry, State
from homeostat.runtime.jobs.backend import ById
from homeostat.testing.faults.victim import Victim

WORKERS = 3
CONCURRENCY = 10
JOB_S = 0.1
LEASE_S = 10.0
TIMEOUT_S = 120.0

AT, RECORDS, LOG = "JOBS_UNDER_FIRE_AT", "JOBS_UNDER_FIRE_RECORDS", "JOBS_UNDER_FIRE_LOG"


def application(environment: Mapping[str, str]) -> Jobs:
    """Return jobs, each of which writes down when it begins and ends, by whom and with which token."""
    made = Jobs(
        Homeostat(keep=False, collect=False),
        environment.get(AT, "jobs-under-fire.db"),
        records=environment.get(RECORDS, ""),
        lease_s=LEASE_S,
    )
    log = os.open(environment.get(LOG, os.devnull), os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)

    def note(what: str, n: int) -> None:
        os.write(log, f"{what} {n} {made.running.token} {os.getpid()} {time.time()}\n".encode())

    @made.job(retry=Retry(times=0), keep_s=3_600)
    async def mark(n: int) -> int:
        note("begin", n)
        await asyncio.sleep(JOB_S)
        note("end", n)
        return n

    return made


jobs = application(os.environ)


@dataclass(frozen=True, slots=True)
class Casualties:
    """What a fire left: jobs that are not done, or were never ended by anybody; those that ended twice.

    `recovery_s` is the longest time from a kill until a job that the victim had begun was ended by another
    worker; `rest_s` is the time from the last kill until all jobs were done.
    """

    lost: int
    duplicates: int
    interrupted: int
    recovery_s: float
    rest_s: float


def set_on_fire(
    folder: Path, address: str, records: str = "", count: int = 1_500, kills: int = WORKERS
) -> Casualties:
    """Run jobs on three workers, and kill one after the other as by `kill -9`; a new one takes its place."""
    log = folder / "log"
    environment = {AT: address, RECORDS: records, LOG: str(log), "PYTHONUNBUFFERED": "1"}
    killed: dict[int, float] = {}
    with ExitStack() as stack:

        def worker() -> Victim:
            arguments = ("-m", "homeostat.app.cli.main", "worker", f"{__name__}:jobs")
            options = ("--concurrency", str(CONCURRENCY), "--log-level", "error")
            return stack.enter_context(Victim([*arguments, *options], environment))

        ids = asyncio.run(_enqueued(environment, count))
        victims = [worker() for _ in range(WORKERS)]
        for n, victim in enumerate(victims[:kills], 1):
            _until_ended(log, count * n // (kills + 1))
            victim.wait_for_lines(1)
            victim.kill()
            killed[victim.pid] = time.time()
            worker()
        states = asyncio.run(_states(environment, ids))
        done_s = time.time()
    return _counted(log, killed, states, count, done_s)


async def _enqueued(environment: Mapping[str, str], count: int) -> list[str]:
    async with application(environment) as client:
        mark = client.definitions["mark"]
        handles: list[Handle[int]] = await client.enqueue_many(mark.call(n) for n in range(count))
        return [handle.id for handle in handles]


async def _states(environment: Mapping[str, str], ids: Sequence[str]) -> list[State | None]:
    """Return the states in which the jobs end up; those of jobs that do not end, as they are at last."""
    deadline_s = time.monotonic() + TIMEOUT_S
    async with application(environment) as client:
        while True:
            try:
                found = {j.id: j.state for j in await (await client.backend()).register.find(ById(ids))}
            except HomeostatError:
                found = {}
            ended = sum(state.final for state in found.values()) == len(ids)
            if ended or time.monotonic() > deadline_s:
                return [found.get(id) for id in ids]
            await asyncio.sleep(0.1)


def _until_ended(log: Path, count: int) -> None:
    deadline_s = time.monotonic() + TIMEOUT_S
    while not log.exists() or log.read_text().count("end ") < count:
        if time.monotonic() > deadline_s:
            raise TimeoutError(f"not {count} jobs were done within {TIMEOUT_S:g} s")
        time.sleep(0.01)


def _counted(
    log: Path, killed: Mapping[int, float], states: Sequence[State | None], count: int, done_s: float
) -> Casualties:
    lines = [line.split() for line in log.read_text().splitlines()]
    begun = {(int(n), int(pid)) for what, n, _, pid, _ in lines if what == "begin"}
    ends: dict[int, list[tuple[int, float]]] = {}
    for what, n, _, pid, at in lines:
        if what == "end":
            ends.setdefault(int(n), []).append((int(pid), float(at)))
    interrupted = [
        (n, pid) for n, pid in begun if pid in killed and pid not in [by for by, _ in ends.get(n, ())]
    ]
    waits = [
        min((at for _, at in ends[n]), default=done_s) - killed[pid] for n, pid in interrupted if n in ends
    ]
    not_done = {n for n, state in enumerate(states) if state is not State.DONE}
    return Casualties(
        lost=len(not_done | (set(range(count)) - set(ends))),
        duplicates=sum(len(by) > 1 for by in ends.values()),
        interrupted=len(interrupted),
        recovery_s=max(waits, default=0.0),
        rest_s=done_s - max(killed.values()),
    )
