"""Jobs that run beside a server's answers give way to them."""

import asyncio
import os
import sys
import threading
from pathlib import Path

import pytest

from homeostat.core.clock import SystemClock
from homeostat.core.errors import ConfigError
from homeostat.runtime.jobs import Jobs
from homeostat.testing.bare_host import BareHost


def niceness() -> int:
    return os.getpriority(os.PRIO_PROCESS, threading.get_native_id())


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux has a niceness by thread")
def test_functions_run_nicer_than_the_thread_that_serves(tmp_path: Path) -> None:
    jobs = Jobs(BareHost(SystemClock()), tmp_path / "jobs.db")

    @jobs.job()
    def learn() -> int:
        return niceness()

    async def run() -> int:
        worker = await jobs.worker(1, niceness=7)
        working = asyncio.create_task(worker.run())
        handle = await jobs.enqueue(learn.call())
        found = await handle.result(20.0)
        worker.stop()
        await working
        await jobs.close()
        return found

    before = niceness()
    assert asyncio.run(run()) == max(before, 7)
    assert niceness() == before


def test_a_niceness_that_there_is_not_is_refused(tmp_path: Path) -> None:
    jobs = Jobs(BareHost(), tmp_path / "jobs.db")
    with pytest.raises(ConfigError, match="niceness lies from 0 to 19, not -5"):
        asyncio.run(jobs.worker(niceness=-5))
