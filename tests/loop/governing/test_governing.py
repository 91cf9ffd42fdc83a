"""The loop inside a real process: orders through the store, one governor of several processes, kill -9."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from homeostat.app.loops.loop_desk import LoopDesk
from homeostat.core.clock import SystemClock
from homeostat.core.errors import InputError, NotAvailable
from homeostat.core.losses import Losses
from homeostat.core.order import Mode, Pin, Restore, SetMode, Try
from homeostat.loop.governing.published import Published
from homeostat.prove.ledger.entry import EntryKind
from homeostat.store.open import open_store
from homeostat.testing.eventually import until

POLICY = """
mode = "act"
[objective]
improve = "mean(duration)"
[trials]
deadline = "1 min"
[limits]
rest = "1 s"
"""

APPLICATION = """
import sys, time
from homeostat import Homeostat

with Homeostat("app", store=sys.argv[1], collect=False, flush_interval_s=0.2) as hs:
    pause = hs.knob("pause_ms", 4, low=0, high=8, scope="request")
    loop = hs.govern(sys.argv[2])
    end = time.monotonic() + float(sys.argv[3])
    while time.monotonic() < end:
        with hs.operation("answer"):
            time.sleep(pause.get() / 1000)
"""

pytestmark = pytest.mark.long


class Running:
    """An application in a process of its own, and the loop desk of its store."""

    def __init__(self, folder: Path) -> None:
        (folder / "policy.toml").write_text(POLICY)
        (folder / "app.py").write_text(APPLICATION)
        self.folder = folder
        self.processes: list[subprocess.Popen[bytes]] = []
        self.store = open_store(folder / "s.db")
        self.desk = LoopDesk(self.store, SystemClock(), Losses())

    def start(self, seconds: float = 300.0) -> subprocess.Popen[bytes]:
        names = [str(self.folder / name) for name in ("app.py", "s.db", "policy.toml")]
        command = [sys.executable, *names, str(seconds)]
        process = subprocess.Popen(command)
        self.processes.append(process)
        return process

    def close(self) -> None:
        for process in self.processes:
            process.kill()
            process.wait()
        self.store.close()

    def until(self, what: str) -> None:
        """Wait until the ledger has such an entry: a trial on a busy machine may be one of several."""
        until(lambda: what in [e.note.kind.value for e in self.desk.ledger("app").entries], 240.0)

    def published(self, pid: int | None = None) -> Published:
        """Wait until a process, where given this one, has published the state of its loop; return it."""
        found: list[Published] = []

        def has_published() -> bool:
            loop = self.desk.loops().get("app")
            if loop is not None and self.desk.alive(loop) and pid in (None, loop.pid):
                found.append(loop)
            return bool(found)

        until(has_published)
        return found[0]


@pytest.fixture
def running(tmp_path: Path):
    made = Running(tmp_path)
    yield made
    made.close()


def test_after_kill_9_in_a_trial_the_next_start_rolls_back_and_says_so(running: Running) -> None:
    process = running.start()
    running.until("begun")
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    before = running.desk.ledger("app")
    again = running.start()
    if before.unfinished():
        running.until("recovered")
        entry = next(e for e in running.desk.ledger("app").entries if e.note.kind is EntryKind.RECOVERED)
        assert entry.note.by == "recovery"
    running.published(again.pid)
    assert running.desk.ledger("app").broken() is None


def test_orders_reach_the_loop_and_are_written_down(running: Running) -> None:
    running.start()
    running.published()
    desk = running.desk
    for order in (
        Pin(by="ann", knob="pause_ms", value=1),
        SetMode(by="ann", mode=Mode.OBSERVE),
        Restore(by="ann"),
    ):
        last = desk.ledger("app").last
        desk.order("app", order)
        answer = desk.answer("app", last.number if last else 0, timeout_s=60.0)
        assert answer.entries, order
    knobs = {knob.name: knob for knob in running.published().knobs}
    assert knobs["pause_ms"].value == 4
    last = desk.ledger("app").last
    assert last is not None
    desk.order("app", Try(by="ann", values={"pause_ms": 99}))
    refused = desk.answer("app", last.number, timeout_s=60.0).entries
    assert refused[0].note.kind is EntryKind.REFUSED
    assert "99 is no whole number from 0 to 8" in refused[0].note.reason
    with pytest.raises(InputError, match="there is no knob 'pause'; there are: pause_ms"):
        desk.order("app", Try(by="ann", values={"pause": 1}))


def test_a_knob_that_the_application_does_not_read_is_told_and_the_others_are_tried(running: Running) -> None:
    path = running.folder / "app.py"
    path.write_text(
        APPLICATION.replace(
            "    loop = ", '    hs.knob("unused", 4, low=0, high=8, scope="request")\n    loop = '
        )
    )
    running.start()
    running.published()
    running.desk.order("app", Try(by="ann", values={"unused": 8}))
    running.until("rolled back")
    until(lambda: any(knob.unread for knob in running.published().knobs))
    assert [knob.name for knob in running.published().knobs if knob.unread] == ["unused"]
    reasons = [entry.note.reason for entry in running.desk.ledger("app").entries]
    assert any("nobody reads knob unused: its handle.get() was not called" in reason for reason in reasons)


def test_of_two_processes_one_governs_and_the_other_goes_on_when_it_dies(running: Running) -> None:
    first = running.start()
    running.published(first.pid)
    second = running.start()
    time.sleep(3.0)
    assert running.published().pid == first.pid
    first.kill()
    first.wait()
    running.published(second.pid)
    assert running.desk.ledger("app").broken() is None


FORKING = """
import os, sys, time
from homeostat import Homeostat

with Homeostat("app", store=sys.argv[1], collect=False, flush_interval_s=0.2) as hs:
    pause = hs.knob("pause_ms", 4, low=0, high=8, scope="request")
    hs.govern(sys.argv[2])
    time.sleep(2.0)
    child = os.fork()
    end = time.monotonic() + float(sys.argv[3])
    while time.monotonic() < end:
        with hs.operation("answer"):
            time.sleep(pause.get() / 1000)
"""


def test_a_forked_child_follows_and_goes_on_when_its_parent_dies(running: Running) -> None:
    (running.folder / "app.py").write_text(FORKING)
    parent = running.start(90.0)
    running.published(parent.pid)
    time.sleep(4.0)
    assert running.published().pid == parent.pid
    parent.kill()
    parent.wait()
    until(lambda: running.published().pid != parent.pid)
    assert running.desk.ledger("app").broken() is None
    os.kill(running.published().pid, signal.SIGKILL)


def test_the_file_beside_the_store_is_a_kill_switch(running: Running) -> None:
    running.start()
    running.until("kept")
    (running.folder / "s.db.restore").touch()
    running.until("restored")


BROKEN = """
import sys, time
from homeostat import Homeostat
from homeostat.act.controllers.climb import Climb
from homeostat.loop.policy.policy_file import load_policy
from dataclasses import replace
from pathlib import Path

class Fails:
    name = "fails"
    def propose(self, situation):
        if any(t.proof.decision == "kept" for t in situation.history):
            raise RuntimeError("a bug of a controller")
        return Climb().propose(situation)

with Homeostat("app", store=sys.argv[1], collect=False, flush_interval_s=0.2) as hs:
    pause = hs.knob("pause_ms", 4, low=0, high=8, scope="request")
    hs.govern(replace(load_policy(Path(sys.argv[2])), controllers=(Fails(),)))
    end = time.monotonic() + float(sys.argv[3])
    while time.monotonic() < end:
        with hs.operation("answer"):
            time.sleep(pause.get() / 1000)
        Path(sys.argv[1] + ".value").write_text(str(pause.get()))
"""


def test_the_kill_switch_works_while_a_controller_fails_at_every_look(running: Running) -> None:
    (running.folder / "app.py").write_text(BROKEN)
    value = running.folder / "s.db.value"
    running.start()
    running.until("kept")
    until(lambda: value.read_text() in ("0", "1", "2", "3"))
    time.sleep(3.0)
    (running.folder / "s.db.restore").touch()
    until(lambda: value.read_text() == "4")


def test_without_a_loop_orders_are_refused_with_the_remedy(tmp_path: Path) -> None:
    with open_store(tmp_path / "s.db") as store:
        desk = LoopDesk(store, SystemClock(), Losses())
        with pytest.raises(NotAvailable, match=r"hs\.govern"):
            desk.loop()
