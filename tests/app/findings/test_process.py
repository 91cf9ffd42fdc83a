"""The search in a process of its own finds what it finds here, and does not outlive its server."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator

import numpy as np
import pytest

from homeostat.app.findings.process import SearchProcess
from homeostat.app.findings.wire import request_of, subjects_of
from homeostat.core.errors import NotAvailable
from homeostat.judge.findings.search import findings
from homeostat.testing.eventually import until
from homeostat.testing.made_subject import made_subject

rng = np.random.default_rng(3)

JUMPS = [
    made_subject("jumps", np.concatenate([rng.normal(100, 5, 200), rng.normal(150, 5, 160)])),
    made_subject("stays, with gaps", np.where(rng.random(360) < 0.1, np.nan, rng.normal(10, 1, 360))),
]


@pytest.fixture
def process() -> Iterator[SearchProcess]:
    found = SearchProcess()
    yield found
    found.close()


def gone(process_id: int) -> bool:
    try:
        os.kill(process_id, 0)
    except ProcessLookupError:
        return True
    return False


def test_subjects_travel_whole() -> None:
    found = subjects_of(request_of(JUMPS))
    assert [s.title for s in found] == ["jumps", "stays, with gaps"]
    assert np.array_equal(found[1].line, JUMPS[1].line, equal_nan=True)
    assert found[0].judgement == JUMPS[0].judgement


def test_a_search_elsewhere_finds_the_same_and_survives_the_loss_of_it(
    process: SearchProcess,
) -> None:
    expected = findings(JUMPS)
    assert expected
    assert process.search(JUMPS) == expected
    first = process.process_id
    assert first is not None
    os.kill(first, signal.SIGKILL)
    assert process.search(JUMPS) == expected
    assert process.process_id not in (None, first)


def test_a_search_that_takes_too_long_is_ended() -> None:
    process = SearchProcess(timeout_s=0.0)
    with pytest.raises(NotAvailable, match="without an answer"):
        process.search(JUMPS)
    assert process.process_id is None
    process.close()


def test_nothing_is_started_once_it_is_closed(process: SearchProcess) -> None:
    process.close()
    with pytest.raises(NotAvailable):
        process.search(JUMPS)


HOST = """
import sys, time
sys.path.insert(0, {path!r})
from test_process import JUMPS, SearchProcess
found = SearchProcess()
found.search(JUMPS)
print(found.process_id, flush=True)
time.sleep(60)
"""


def test_the_worker_ends_when_its_server_is_killed() -> None:
    code = HOST.format(path=os.path.dirname(__file__))  # noqa: PTH120
    host = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)
    assert host.stdout is not None
    worker = int(host.stdout.readline())
    host.kill()
    host.wait()
    host.stdout.close()
    until(lambda: gone(worker))
