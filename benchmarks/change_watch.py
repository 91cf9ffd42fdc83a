"""What does it cost to notice changes while the values come in, for each series and second?"""

import time
from pathlib import Path

import numpy as np

from benchmarks.result import Result
from homeostat.app.findings.desk import ChangeDesk
from homeostat.app.findings.notebook import FOLLOWED
from homeostat.core.batch import Batch
from homeostat.core.clock import SECOND_NS
from homeostat.core.metric import Kind
from homeostat.core.point import Point
from homeostat.core.query import RecordsQuery
from homeostat.core.series import SeriesKey
from homeostat.judge.findings.change_watch import FOLLOWED_MAX, STEP_NS
from homeostat.observe.fold import moments_of
from homeostat.stats.change_monitor import ChangeMonitor
from homeostat.stats.sketch import sketch
from homeostat.testing.clock import ManualClock
from homeostat.testing.small_node import SmallNode

MINUTES = 12
VALUES = 20_000


def _batch(keys: list[SeriesKey], rng: np.random.Generator, now_ns: int) -> Batch:
    values = rng.lognormal(4.0, 0.5, (len(keys), 30))
    rows = zip(keys, values, strict=True)
    return Batch(points=tuple(Point(k, now_ns, moments_of(row), sketch(row)) for k, row in rows))


def watching() -> tuple[float, float, float]:
    """Return microseconds a series and second, milliseconds of a look, and kilobytes of state a series."""
    clock, rng = ManualClock(), np.random.default_rng(8)
    node = SmallNode(clock=clock)
    keys = [
        SeriesKey.of(
            "operation.duration", Kind.HISTOGRAM, "ms", {"operation": f"step{i}", "service": "bench"}
        )
        for i in range(FOLLOWED_MAX)
    ]
    desk = ChangeDesk(node.store, node.clock, node.losses, node.catalogue)
    looks = []
    for i in range(MINUTES * 60 * SECOND_NS // STEP_NS):
        node.store.write(_batch(keys, rng, node.clock.now_ns()))
        clock.advance(STEP_NS / SECOND_NS)
        began_ns = time.process_time_ns()
        desk.look()
        if i > MINUTES * 3:
            looks.append(time.process_time_ns() - began_ns)
    desk.keep()
    size = sum(len(r.body) for r in node.store.read(RecordsQuery(FOLLOWED)))
    look_ns = float(np.median(looks))
    node.close()
    a_second = look_ns / FOLLOWED_MAX / (STEP_NS / SECOND_NS)
    return a_second / 1e3, look_ns / 1e6, size / FOLLOWED_MAX / 1024


def monitor_us() -> float:
    """Return microseconds of one value of one monitor."""
    values = np.random.default_rng(9).standard_normal(VALUES).tolist()
    best = float("inf")
    for _ in range(3):
        monitor = ChangeMonitor(500_000.0)
        began_ns = time.process_time_ns()
        for value in values:
            monitor.update(value)
        best = min(best, (time.process_time_ns() - began_ns) / VALUES / 1e3)
    return best


def run(data: Path | None) -> list[Result]:
    """Measure the desk at its full number of series, read of the store included, and one monitor alone."""
    a_second, look_ms, state_kb = watching()
    note = f"{FOLLOWED_MAX} series, {look_ms:.1f} ms a look each 10 s; state {state_kb:.1f} KB a series"
    return [
        Result("noticing changes, a series and second", a_second, "us", 20.0, "lower", note=note),
        Result("one value of one monitor", monitor_us(), "us", 20.0, "lower"),
    ]
