"""How many jobs a second does the embedded queue take in and work off, durably? Beside Celery on Redis."""

import asyncio
import gc
import statistics
import tempfile
import time
from pathlib import Path

from benchmarks.result import Result
from homeostat.core.clock import SystemClock
from homeostat.runtime.jobs import Jobs
from homeostat.testing.bare_host import BareHost

COUNT = 10_000
A_TRANSACTION = 500
REPEATS = 5
CONCURRENCY = 10
CELERY_COUNT = 2_000
DURABLE = "each commit is flushed (synchronous=FULL), every job an operation with its metrics"


async def rates(path: Path) -> tuple[float, float]:
    """Return jobs a second: enqueued by one process, and run and settled by one worker in it."""
    async with Jobs(BareHost(SystemClock()), path) as jobs:

        @jobs.job()
        async def work(n: int) -> int:
            return n + 1

        began = time.perf_counter()
        for start in range(0, COUNT, A_TRANSACTION):
            await jobs.enqueue_many(work.call(start + n) for n in range(A_TRANSACTION))
        enqueued = COUNT / (time.perf_counter() - began)
        worker = await jobs.worker(CONCURRENCY)
        began = time.perf_counter()
        running = asyncio.create_task(worker.run())
        while worker.status().ended < COUNT or (await jobs.depth()).running:  # noqa: ASYNC110 - it is timed
            await asyncio.sleep(0.005)
        drained = COUNT / (time.perf_counter() - began)
        worker.stop()
        await running
        return enqueued, drained


def _celery() -> tuple[float, float] | None:
    from homeostat.testing import servers

    try:
        with servers.redis() as server:
            from benchmarks.peers.jobs_celery import celery_rates

            return celery_rates(server.url, CELERY_COUNT)
    except (servers.NotInstalled, ModuleNotFoundError):
        return None


def run(data: Path | None) -> list[Result]:
    """Measure throughput."""
    enqueued, drained = [], []
    for _ in range(REPEATS):
        gc.collect()
        with tempfile.TemporaryDirectory() as folder:
            taken, done = asyncio.run(rates(Path(folder) / "jobs.db"))
        enqueued.append(taken)
        drained.append(done)
    peer = _celery()
    results = []
    for what, values, theirs, anchor in (
        ("jobs enqueued", enqueued, peer and peer[0], "2,041"),
        ("jobs drained", drained, peer and peer[1], "1,154"),
    ):
        note = (
            f"best of {REPEATS}, median {statistics.median(values):,.0f}; {DURABLE}; anchor: Celery {anchor}"
        )
        if theirs:
            note += f", here {theirs:,.0f}"
        results.append(
            Result(
                f"{what}, in {A_TRANSACTION}s" if what == "jobs enqueued" else f"{what}, one worker",
                max(values),
                "jobs/s",
                6_000,
                "higher",
                "Celery on Redis" if theirs else "",
                max(values) / theirs if theirs else None,
                min(values),
                max(values),
                note,
            )
        )
    return results
