"""The commands about jobs: a worker that is well, drains and ends; a queue that is looked at and ordered."""

import asyncio
import json
import os
import signal
import urllib.request
from pathlib import Path

import pytest
from typer.testing import CliRunner

from homeostat.app.cli.main import build
from homeostat.app.cli.worker import load_jobs
from homeostat.core.clock import SystemClock
from homeostat.core.errors import ConfigError, InputError
from homeostat.runtime.jobs import Jobs, Retry
from homeostat.testing.bare_host import BareHost
from homeostat.testing.faults.victim import Victim

APPLICATION = """
from homeostat import Homeostat
from homeostat.runtime.jobs import Jobs

jobs = Jobs(Homeostat(keep=False, collect=False), "jobs.db")

@jobs.job()
async def double(n: int) -> int:
    print("ran", n, flush=True)
    return 2 * n

@jobs.job()
def hangs() -> None:
    import time
    print("hangs", flush=True)
    time.sleep(600)
"""


def said(*arguments: str) -> str:
    """Return what a command says; it must end well."""
    ended = CliRunner().invoke(build(), ["jobs", *arguments])
    assert ended.exit_code == 0, ended.output
    return ended.output


def filled(path: Path) -> tuple[str, str, str]:
    """Return the ids of a job that is done, one that is dead and one that waits."""

    async def run() -> tuple[str, str, str]:
        async with Jobs(BareHost(SystemClock()), path) as jobs:

            @jobs.job()
            async def fine() -> str:
                return "Zanzibar"

            @jobs.job(retry=Retry(times=0))
            async def broken() -> None:
                raise ValueError("no such model")

            @jobs.job()
            async def waits() -> None: ...

            done, dead = await jobs.enqueue(fine.call()), await jobs.enqueue(broken.call())
            worker = await jobs.worker()
            working = asyncio.create_task(worker.run())
            while worker.status().ended < 2:  # noqa: ASYNC110 - another task ends them
                await asyncio.sleep(0.01)
            worker.stop()
            await working
            waiting = await jobs.enqueue(waits.call())
            return done.id, dead.id, waiting.id

    return asyncio.run(run())


def test_a_queue_is_looked_at_and_ordered(tmp_path: Path) -> None:
    path = tmp_path / "jobs.db"
    done, dead, waiting = filled(path)
    at = ("--at", str(path))
    assert "ready 1" in said("status", *at)
    assert json.loads(said("status", *at, "--json"))["dead"] == 1
    listed = said("list", "dead", *at)
    assert dead in listed
    assert "ValueError: no such model" in listed
    assert said("list", "running", *at).strip() == "No job is running."
    assert "Zanzibar" not in said("show", done, *at)
    assert json.loads(said("show", done, *at, "--result", "--json"))["result"] == "Zanzibar"
    assert "sent again" in said("retry", dead, *at)
    assert "cancelled" in said("cancel", waiting, *at)
    assert "forgotten" in said("forget", waiting, *at)
    assert json.loads(said("list", "ready", *at, "--json"))[0]["id"] == dead


@pytest.mark.parametrize(
    ("arguments", "code", "expected"),
    [
        (["retry", "unknown", "--at", "{path}"], 1, "not sent again"),
        (["show", "unknown", "--at", "{path}"], 2, "no job 'unknown'"),
        (["list", "asleep", "--at", "{path}"], 2, "no state 'asleep'"),
        (["status", "--at", "nowhere.db"], 2, "no queue at nowhere.db"),
    ],
)
def test_what_cannot_be_done_says_why(arguments: list[str], code: int, expected: str, tmp_path: Path) -> None:
    filled(tmp_path / "jobs.db")
    ended = CliRunner().invoke(build(), ["jobs", *(a.format(path=tmp_path / "jobs.db") for a in arguments)])
    assert ended.exit_code == code
    assert expected in ended.output


@pytest.mark.long
def test_a_worker_runs_what_comes_is_healthy_and_ends_well(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "app.py").write_text(APPLICATION)
    monkeypatch.chdir(tmp_path)
    command = ("-m", "homeostat.app.cli.main", "worker", "app:jobs", "--health", "0", "--log-level", "error")
    enqueue = "import asyncio, app; asyncio.run(app.jobs.enqueue(app.double.call(21)))"
    with Victim(command, {"PYTHONUNBUFFERED": "1"}) as worker:
        worker.wait_for_lines(3)
        assert "runs double, hangs (embedded)" in worker.lines[0]
        url = worker.lines[1].split()[1]
        with urllib.request.urlopen(url, timeout=60) as answer:
            status = json.load(answer)
        assert (answer.status, status["healthy"], status["draining"]) == (200, True, False)
        with Victim(("-c", enqueue)) as client:
            assert client.wait() == 0
        worker.wait_for_lines(4)
        assert worker.lines[3] == "ran 21"
        os.kill(worker.pid, signal.SIGTERM)
        assert worker.wait() == 0
        assert "1 runs, 0 came too late" in worker.lines[-1]


@pytest.mark.long
def test_a_worker_ends_although_a_thread_hangs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "app.py").write_text(APPLICATION)
    monkeypatch.chdir(tmp_path)
    command = ("-m", "homeostat.app.cli.main", "worker", "app:jobs", "--drain", "0.2", "--log-level", "error")
    with Victim(command, {"PYTHONUNBUFFERED": "1"}) as worker:
        worker.wait_for_lines(2)
        enqueue = "import asyncio, app; asyncio.run(app.jobs.enqueue(app.hangs.call()))"
        with Victim(("-c", enqueue)) as client:
            assert client.wait() == 0
        worker.wait_for_lines(3)
        os.kill(worker.pid, signal.SIGTERM)
        assert worker.wait(60.0) == 0
        assert "ended" in worker.lines[-1]


def test_a_target_that_is_no_jobs_is_told_with_what_there_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "other_app.py").write_text(APPLICATION)
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))
    with pytest.raises(InputError, match="the module has: jobs"):
        load_jobs("other_app:job")
    with pytest.raises(InputError, match="'no_such_module' is not to be found"):
        load_jobs("no_such_module:jobs")
    with pytest.raises(ConfigError, match="MODULE:NAME"):
        load_jobs("app.py")
