"""Processes: one that dies takes its own call with it and no other, and is replaced."""

import asyncio
import os
import signal
import subprocess
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

import psutil
import pytest

from homeostat.core.clock import SystemClock
from homeostat.runtime.limits.refused import Overloaded
from homeostat.runtime.pools.process_pool import ProcessPool
from homeostat.runtime.pools.workers import WorkerDied
from homeostat.testing.bare_host import BareHost
from homeostat.testing.eventually import eventually

WAIT_MAX_S = 120.0


def played(main: Callable[[BareHost], Awaitable[None]]) -> BareHost:
    host = BareHost(SystemClock())

    async def run() -> None:
        await main(host)

    asyncio.run(run())
    return host


def test_a_process_that_dies_takes_only_its_own_call_with_it_and_is_replaced() -> None:
    async def main(host: BareHost) -> None:
        pool = ProcessPool(host, "compute", 2, wait_max_s=WAIT_MAX_S)
        pids = await asyncio.gather(pool.run(os.getpid), pool.run(os.getpid))
        assert len(set(pids)) == 2
        beside = asyncio.create_task(pool.run(time.sleep, 0.5))
        await eventually(lambda: pool.in_use == 1)
        with pytest.raises(WorkerDied, match="'compute' died in this call"):
            await pool.run(os._exit, 3)
        await beside  # which was in another process
        assert await pool.run(pow, 2, 10) == 1_024
        assert (pool.in_use, pool.waiting) == (0, 0)
        await pool.aclose()
        await eventually(lambda: not any(psutil.pid_exists(pid) for pid in pids))

    assert played(main).total("pool.workers_died", pool="compute") == 1.0


def test_a_process_that_was_killed_while_it_was_idle_costs_no_call() -> None:
    async def main(host: BareHost) -> None:
        pool = ProcessPool(host, "compute", 1, wait_max_s=WAIT_MAX_S)
        pid = await pool.run(os.getpid)
        os.kill(pid, signal.SIGKILL)
        worker = next(iter(pool._workers))  # when it has noticed, nothing public tells
        await eventually(lambda: bool(worker._broken))
        assert await pool.run(os.getpid) != pid
        await pool.aclose()

    assert played(main).total("pool.workers_died", pool="compute") == 1.0


def test_a_call_that_was_cancelled_holds_its_slot_until_the_process_is_done_with_it(
    tmp_path: Path,
) -> None:
    begun, fifo = tmp_path / "begun", tmp_path / "fifo"
    os.mkfifo(fifo)
    waits_for_a_writer = ["sh", "-c", 'touch "$0"; cat "$1"', str(begun), str(fifo)]

    async def main(host: BareHost) -> None:
        pool = ProcessPool(host, "compute", 1, queue_max=0, wait_max_s=WAIT_MAX_S)
        await pool.run(os.getpid)
        call = asyncio.create_task(pool.run(subprocess.call, waits_for_a_writer))
        await eventually(begun.exists)
        call.cancel()
        with pytest.raises(asyncio.CancelledError):
            await call
        with pytest.raises(Overloaded):
            await pool.run(os.getpid)
        os.close(await asyncio.to_thread(os.open, fifo, os.O_WRONLY))
        await eventually(lambda: pool.in_use == 0)
        assert await pool.run(pow, 2, 3) == 8
        await pool.aclose()

    played(main)


def test_processes_that_a_lowered_size_leaves_over_end() -> None:
    async def main(host: BareHost) -> None:
        pool = ProcessPool(host, "compute", 2, wait_max_s=WAIT_MAX_S)
        pids = await asyncio.gather(pool.run(os.getpid), pool.run(os.getpid))
        assert pool.processes == 2
        host.knob_set.pin("compute_size", 1)
        kept = await pool.run(os.getpid)
        assert pool.processes == 1
        (left_over,) = set(pids) - {kept}
        await eventually(lambda: not psutil.pid_exists(left_over))
        await pool.check()
        await pool.aclose()

    played(main)


def test_what_cannot_be_pickled_and_what_a_function_raises_reach_the_caller() -> None:
    async def main(host: BareHost) -> None:
        pool = ProcessPool(host, "compute", 1, wait_max_s=WAIT_MAX_S)
        with pytest.raises(Exception, match="pickle"):
            await pool.run(lambda: None)
        with pytest.raises(ZeroDivisionError):
            await pool.run(divmod, 1, 0)
        assert pool.call(pow, 2, 4) == 16
        assert pool.in_use == 0
        await asyncio.to_thread(pool.close)

    assert played(main).total("pool.workers_died", pool="compute") == 0.0
