"""Workers killed as by kill -9, and stopped for longer than their lease, lose no job on any engine."""

import os
import signal
import sqlite3
import time
from pathlib import Path

import pytest

from homeostat.testing.eventually import until
from homeostat.testing.faults.victim import Victim
from homeostat.testing.jobs_under_fire import AT, LOG, set_on_fire

pytestmark = pytest.mark.long

COUNT = 300
RECOVERY_S = 60.0
"""Four times what is promised of a machine that has nothing else to do, which a benchmark measures."""


def survives(folder: Path, address: str, records: str = "") -> None:
    left = set_on_fire(folder, address, records, count=COUNT, kills=1)
    assert left.lost == 0
    assert max(left.recovery_s, left.rest_s) < RECOVERY_S


def test_embedded(tmp_path: Path) -> None:
    survives(tmp_path, str(tmp_path / "jobs.db"))


def test_celery_on_redis(tmp_path: Path, redis_url: str) -> None:
    survives(tmp_path, redis_url)


def test_celery_on_rabbitmq(tmp_path: Path, rabbitmq_url: str, redis_url: str) -> None:
    survives(tmp_path, rabbitmq_url, redis_url)


def test_pgqueuer(tmp_path: Path, postgres_url: str) -> None:
    survives(tmp_path, postgres_url)


APPLICATION = f"""
import asyncio, os
from homeostat import Homeostat
from homeostat.runtime.jobs import Jobs

jobs = Jobs(Homeostat(keep=False, collect=False), os.environ["{AT}"], lease_s=1.0)

@jobs.job()
async def slow() -> str:
    with open(os.environ["{LOG}"], "a") as log:
        log.write(f"{{os.getpid()}} {{jobs.running.token}}\\n")
    await asyncio.sleep(2.0 if jobs.running.token == 1 else 0.1)
    return f"run {{jobs.running.token}}"
"""

ENQUEUE = "import asyncio, app; asyncio.run(app.jobs.enqueue(app.slow.call()))"


def test_a_worker_stopped_for_longer_than_its_lease_is_refused(tmp_path: Path) -> None:
    (tmp_path / "app.py").write_text(APPLICATION)
    log = tmp_path / "log"
    environment = {
        AT: str(tmp_path / "q.db"),
        LOG: str(log),
        "PYTHONPATH": str(tmp_path),
        "PYTHONUNBUFFERED": "1",
    }
    command = ("-m", "homeostat.app.cli.main", "worker", "app:jobs", "--log-level", "error", "--json")
    with Victim(command, environment) as stopped, Victim(("-c", ENQUEUE), environment):
        wait_for_runs(log, 1)
        os.kill(stopped.pid, signal.SIGSTOP)
        with Victim(command, environment) as other:
            wait_for_runs(log, 2)
            os.kill(stopped.pid, signal.SIGCONT)
            time.sleep(3.0)
            os.kill(other.pid, signal.SIGTERM)
            assert other.wait() == 0
        os.kill(stopped.pid, signal.SIGTERM)
        assert stopped.wait() == 0
        assert '"refused":0' in other.lines[-1]
        assert '"refused":1' in stopped.lines[-1]
    with sqlite3.connect(tmp_path / "q.db") as connection:
        rows = connection.execute("SELECT result, token, lost, state FROM jobs").fetchall()
    connection.close()
    assert rows == [('"run 2"', 2, 1, 3)]


def wait_for_runs(log: Path, count: int) -> None:
    until(lambda: log.exists() and len(log.read_text().splitlines()) >= count)
