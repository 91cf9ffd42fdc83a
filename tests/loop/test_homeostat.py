"""Homeostat keeps what an application records, and never harms it."""

import os
import subprocess
import sys
import textwrap
import threading
from pathlib import Path

import pytest

from homeostat import Homeostat
from homeostat.core.clock import HOUR_NS, SystemClock
from homeostat.core.errors import ConfigError
from homeostat.core.metric import Kind
from homeostat.core.query import Total, TotalQuery
from homeostat.core.series import SeriesKey
from homeostat.store.open import open_store


def totals(path: Path, metric: str) -> dict[SeriesKey, Total]:
    now_ns = SystemClock().now_ns()
    store = open_store(path)
    try:
        return store.read(TotalQuery(now_ns - HOUR_NS, now_ns + HOUR_NS, metric))
    finally:
        store.close()


def count(path: Path, metric: str) -> int:
    return sum(total.moments.count for total in totals(path, metric).values())


def test_what_is_recorded_is_in_the_store_after_close(tmp_path: Path) -> None:
    path = tmp_path / "h.db"
    with Homeostat("app", store=path, collect=False) as hs:
        hs.histogram("answer.duration", unit="ms", model="m").record(12.5)
        hs.counter("answers").add(2)
        hs.gauge("waiting").set(7)
        with hs.operation("answer"):
            pass
    key = SeriesKey("answer.duration", Kind.HISTOGRAM, "ms", (("model", "m"), ("service", "app")))
    assert totals(path, "answer.duration")[key].moments.mean == 12.5
    (answers,) = totals(path, "answers").values()
    assert answers.moments.total == 2
    (waiting,) = totals(path, "waiting").values()
    assert waiting.moments.last == 7
    assert count(path, "operation.duration") == 1


def test_a_snapshot_merges_the_series_that_have_the_attributes() -> None:
    with Homeostat("app", keep=False) as hs:
        for model, value in (("a", 1.0), ("a", 3.0), ("b", 100.0)):
            hs.histogram("duration", model=model).record(value)
        assert hs.snapshot("duration").count == 3
        assert hs.snapshot("duration", model="a").mean == 2.0
        assert hs.snapshot("duration", model="nobody").count == 0
        assert hs.snapshot("duration").interval is None


def test_collectors_report_the_process_under_its_service(tmp_path: Path) -> None:
    path = tmp_path / "h.db"
    with Homeostat("app", store=path, flush_interval_s=0.05) as hs:
        clock = SystemClock()
        deadline_ns = clock.monotonic_ns() + 60_000_000_000
        while hs.snapshot("process.memory.usage").count == 0 and clock.monotonic_ns() < deadline_ns:
            threading.Event().wait(0.05)
    (usage,) = totals(path, "process.memory.usage")
    assert usage.get("service") == "app"


def test_a_forked_child_keeps_its_own_values_and_does_not_write_its_parents_again(tmp_path: Path) -> None:
    path = tmp_path / "h.db"
    program = """
        import os, sys
        from homeostat import Homeostat
        hs = Homeostat("app", store=sys.argv[1], collect=False, flush_interval_s=60)
        values = hs.histogram("v")
        for _ in range(10):
            values.record(1.0)
        with hs.operation("before"):
            pass
        child = os.fork()
        for _ in range(5):
            values.record(2.0)
        if child:
            assert os.waitpid(child, 0)[1] == 0
        hs.close()
        os._exit(0)
    """
    run = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", textwrap.dedent(program), str(path)],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert run.returncode == 0, run.stderr
    (v,) = totals(path, "v").values()
    assert v.moments.count == 20
    assert v.moments.total == pytest.approx(10 * 1.0 + 10 * 2.0)
    assert count(path, "operation.duration") == 1


def test_kill_9_loses_only_what_came_since_the_last_writes(tmp_path: Path) -> None:
    path = tmp_path / "h.db"
    program = """
        import os, sys, time
        from pathlib import Path
        from homeostat import Homeostat
        from homeostat.store.sqlite.store import SqliteStore

        class Telling(SqliteStore):
            def write(self, batch):
                super().write(batch)
                os.write(1, b"written\\n")

        hs = Homeostat("app", store=Telling(Path(sys.argv[1])), collect=False, flush_interval_s=0.1)
        values = hs.histogram("v")
        while True:
            values.record(1.0)
            os.write(1, b"recorded\\n")
            time.sleep(0.001)
    """
    child = subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(program), str(path)], stdout=subprocess.PIPE, text=True
    )
    assert child.stdout is not None
    told: list[str] = []
    for line in child.stdout:
        told.append(line.strip())
        if told.count("written") == 10:
            break
    child.kill()
    told += [line.strip() for line in child.stdout]
    child.wait(60)
    child.stdout.close()
    *_, third_last, _, _ = (at for at, what in enumerate(told) if what == "written")
    # What the last write took was folded after the one before it began, and so after the third last ended.
    due = told[:third_last].count("recorded")
    assert 0 < due <= count(path, "v") <= told.count("recorded") + 1


def test_a_store_that_cannot_be_opened_does_not_stop_the_application(tmp_path: Path) -> None:
    damaged = tmp_path / "h.db"
    damaged.write_bytes(b"this is no database" * 1_000)
    hs = Homeostat("app", store=damaged, collect=False)
    hs.histogram("v").record(1.0)
    hs.flush(5)
    hs.histogram("v").record(2.0)
    assert hs.snapshot("v").count == 2
    hs.close()
    assert hs.losses.totals()["writer.sink_refused"] >= 1


def test_values_of_an_application_without_any_server_are_dropped_and_counted() -> None:
    hs = Homeostat("app", endpoint="http://127.0.0.1:9", collect=False)
    hs.histogram("v").record(1.0)
    hs.close(timeout_s=0.5)
    assert hs.losses.totals()


@pytest.mark.parametrize("name", ["", None, 3])
def test_a_metric_without_a_proper_name_is_refused(name: object) -> None:
    with Homeostat(keep=False) as hs, pytest.raises(ConfigError, match="non-empty text"):
        hs.histogram(name)  # type: ignore[arg-type]


def test_rubbish_in_a_handle_harms_nothing_and_is_counted() -> None:
    with Homeostat(keep=False) as hs:
        values = hs.histogram("v")
        for value in (1.0, "text", None, float("nan"), float("inf"), 2, [3], 10**400):
            values.record(value)  # type: ignore[arg-type]
        assert hs.snapshot("v").count == 2
        assert hs.losses.totals() == {"record.not_a_number": 4, "record.not_finite": 2}


def test_an_exit_without_close_still_writes(tmp_path: Path) -> None:
    path = tmp_path / "h.db"
    program = (
        "import sys; from homeostat import Homeostat\n"
        "Homeostat('app', store=sys.argv[1], collect=False, flush_interval_s=60).histogram('v').record(1.0)\n"
        "hs = Homeostat('app', store=sys.argv[1], collect=False, flush_interval_s=60)\n"
        "hs.histogram('v').record(1.0)\n"
    )
    subprocess.run([sys.executable, "-c", program, str(path)], check=True, timeout=60, env=dict(os.environ))
    assert count(path, "v") >= 1
