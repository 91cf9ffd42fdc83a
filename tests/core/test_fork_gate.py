"""Claims about the fork gate: no fork while another thread is inside, and nobody is held up for ever."""

import os
import signal
import sqlite3
import threading
from pathlib import Path

import pytest

from homeostat.core import fork_gate
from homeostat.core.fork_gate import UNFORKED, ForkGate

SAYS_S = 30.0


def entered(gate: ForkGate, leave: threading.Event) -> threading.Thread:
    """Return a thread that is inside until it is told to leave."""
    inside = threading.Event()

    def stay() -> None:
        with gate:
            inside.set()
            assert leave.wait(SAYS_S)

    thread = threading.Thread(target=stay)
    thread.start()
    assert inside.wait(SAYS_S)
    return thread


def test_a_fork_waits_until_the_others_are_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fork_gate, "WAIT_MAX_S", SAYS_S)
    gate, leave, forked = ForkGate(), threading.Event(), threading.Event()
    thread = entered(gate, leave)

    def fork() -> None:
        gate.before()
        forked.set()
        gate.after_in_parent()

    forking = threading.Thread(target=fork)
    forking.start()
    assert not forked.wait(0.05)
    leave.set()
    assert forked.wait(SAYS_S)
    thread.join()
    forking.join()


def test_who_comes_during_a_fork_waits_for_it() -> None:
    gate, came = ForkGate(), threading.Event()

    def come() -> None:
        with gate:
            came.set()

    gate.before()
    coming = threading.Thread(target=come)
    coming.start()
    assert not came.wait(0.05)
    gate.after_in_parent()
    assert came.wait(SAYS_S)
    coming.join()


def test_who_is_inside_may_enter_again_and_fork() -> None:
    gate = ForkGate()
    with gate:
        gate.before()
        with gate:
            pass
        gate.after_in_parent()
        gate.before()
        gate.after_in_child()
        with gate:
            pass
    gate.before()  # would wait for whoever is inside
    gate.after_in_parent()


def test_a_fork_goes_on_where_somebody_never_leaves(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fork_gate, "WAIT_MAX_S", 0.01)
    gate, leave = ForkGate(), threading.Event()
    thread = entered(gate, leave)
    gate.before()
    gate.after_in_parent()
    leave.set()
    thread.join()


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork on this system")
def test_a_child_finds_the_gate_open_whoever_was_inside(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fork_gate, "WAIT_MAX_S", 0.01)
    leave = threading.Event()
    thread = entered(UNFORKED, leave)
    if not (child := os.fork()):  # pragma: no cover - another process
        code = 1
        try:
            UNFORKED.before()
            UNFORKED.after_in_parent()
            code = UNFORKED._inside
        finally:
            os._exit(code)
    leave.set()
    thread.join()
    assert os.waitpid(child, 0)[1] == 0


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork on this system")
def test_a_child_opens_a_file_of_its_own_whatever_another_thread_did_at_the_fork(tmp_path: Path) -> None:
    done = threading.Event()

    def open_and_close() -> None:
        while not done.is_set():
            with UNFORKED:
                connection = sqlite3.connect(tmp_path / "theirs.db")
                connection.execute("CREATE TABLE IF NOT EXISTS t (x)")
                connection.close()

    threads = [threading.Thread(target=open_and_close) for _ in range(3)]
    for thread in threads:
        thread.start()
    children = []
    for i in range(20):
        if not (child := os.fork()):  # pragma: no cover - another process
            code = 1
            signal.alarm(int(SAYS_S))  # which ends one that hangs, and so tells it
            try:
                connection = sqlite3.connect(tmp_path / f"{i}.db")
                connection.execute("CREATE TABLE t (x)")
                connection.close()
                code = 0
            finally:
                os._exit(code)
        children.append(child)
    ended = [os.waitpid(child, 0)[1] for child in children]
    done.set()
    for thread in threads:
        thread.join()
    assert ended == [0] * len(children)
