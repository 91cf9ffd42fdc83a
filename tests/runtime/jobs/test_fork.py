"""A forked child has connections of its own."""

import subprocess
import sys
from pathlib import Path

PROGRAM = """
import asyncio, os
from homeostat.runtime.jobs import Jobs
from homeostat.testing.bare_host import BareHost
from homeostat.core.clock import SystemClock

jobs = Jobs(BareHost(SystemClock()), "jobs.db")

@jobs.job()
async def work() -> None: ...

asyncio.run(jobs.enqueue_many([work.call()]))
child = os.fork()
if not child:
    asyncio.run(jobs.enqueue_many([work.call()]))
    os._exit(0)
assert os.waitpid(child, 0)[1] == 0
print(asyncio.run(jobs.depth()).ready)
"""


def test_a_forked_child_enqueues_as_well_as_its_parent(tmp_path: Path) -> None:
    command = [sys.executable, "-c", PROGRAM]
    run = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=60, check=False)
    assert (run.returncode, run.stdout.strip()) == (0, "2"), run.stderr
