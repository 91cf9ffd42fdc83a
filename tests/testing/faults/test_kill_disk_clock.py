"""A killed program's words are kept, a full disk is full, a clock jumps."""

import errno
import signal
from pathlib import Path

import psutil
import pytest

from homeostat.core.clock import SECOND_NS
from homeostat.core.errors import NotAvailable
from homeostat.testing.clock import ManualClock
from homeostat.testing.eventually import until
from homeostat.testing.faults.disk import files_at_most, small_disk
from homeostat.testing.faults.jumping_clock import JumpingClock
from homeostat.testing.faults.victim import Victim

COUNTING = """
import subprocess, sys
child = subprocess.Popen(["sleep", "60"])
print(child.pid, flush=True)
n = 0
while True:
    print(n, flush=True)
    n += 1
"""


def runs(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def test_a_victim_is_killed_with_what_it_started_and_all_whole_lines_are_known() -> None:
    with Victim(["-c", COUNTING]) as victim:
        victim.wait_for_lines(100)
        child, *numbers = victim.kill()
        assert [int(n) for n in numbers] == list(range(len(numbers)))
        assert len(numbers) >= 99
        assert victim.wait() == -signal.SIGKILL
        until(lambda: not runs(int(child)))


def test_a_victim_that_ends_by_itself_is_told_from_one_that_is_slow() -> None:
    with Victim(["-c", "print('one')"]) as victim:
        with pytest.raises(AssertionError, match="ended with 1 lines of 2"):
            victim.wait_for_lines(2)
        assert victim.wait() == 0
    with (
        Victim(["-c", "import time; time.sleep(60)"]) as victim,
        pytest.raises(AssertionError, match="has run"),
    ):
        victim.wait_for_lines(1, timeout_s=0.05)


def test_a_small_disk_is_full_when_it_is_full_and_gone_afterwards() -> None:
    try:
        with small_disk(1 << 20) as disk:
            (disk / "most").write_bytes(bytes(900_000))
            with pytest.raises(OSError, match="No space left") as full:
                (disk / "more").write_bytes(bytes(900_000))
            assert full.value.errno == errno.ENOSPC
    except NotAvailable as reason:
        pytest.skip(str(reason))
    assert not disk.exists()


def test_a_file_at_its_limit_is_refused_and_others_are_not(tmp_path: Path) -> None:
    with files_at_most(1_000):
        with pytest.raises(OSError, match="too large") as refused:
            (tmp_path / "large").write_bytes(bytes(2_000))
        assert refused.value.errno == errno.EFBIG
        (tmp_path / "small").write_bytes(bytes(1_000))
    (tmp_path / "large").write_bytes(bytes(2_000))


def test_a_jump_moves_the_wall_time_only() -> None:
    base = ManualClock(now_ns=100 * SECOND_NS)
    clock = JumpingClock(base)
    base.advance(1.0)
    clock.jump(-50.0)
    clock.jump(10.0)
    assert (clock.now_ns(), clock.monotonic_ns()) == (61 * SECOND_NS, SECOND_NS)
