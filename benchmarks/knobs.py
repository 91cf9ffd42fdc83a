"""What does it cost to read a knob, to draw the arm of a request, and to have requests governed at all?

Reading is timed with ten reads a turn of a loop; the loop's own 2 ns are part of the figure.
"""

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from benchmarks.result import Result
from benchmarks.timing import Run, Timing, side_by_side
from homeostat.act.knobs.declaration import declared
from homeostat.core.application import Application
from homeostat.core.assignment import assign
from homeostat.core.clock import SystemClock
from homeostat.core.losses import Losses
from homeostat.core.plant import Split, Steering
from homeostat.loop.knobs import Knobs
from homeostat.observe.registry import Registry
from homeostat.observe.tracer import Tracer

READS = 20_000
REQUESTS = 1_000

SPLITS = (Split("a", {"depth": 7}), Split("b", {"width": 7}), Split("c", {"height": 7}))


class Governed:
    """An application with knobs, and what observes it."""

    def __init__(self, *splits: Split, governed: bool = True, declare: bool = True) -> None:
        losses = Losses()
        self.registry = Registry(losses)
        self.tracer = Tracer(self.registry, losses, SystemClock(), Application("benchmark"))
        self.knobs = Knobs(self.tracer, losses, SystemClock())
        if declare:
            self.batch = self.knobs.set.declare(declared("batch", 8, low=1, high=64))
            self.depth = self.knobs.set.declare(declared("depth", 3, low=1, high=9, scope="request"))
            for name in ("width", "height"):
                self.knobs.set.declare(declared(name, 3, low=1, high=9, scope="request"))
        if governed:
            self.knobs.plant.steer(Steering({}, splits))

    def settle(self) -> None:
        """Do what is done once a second: it is part of the cost."""
        self.tracer.drain()
        self.registry.fold(0, 1_000_000_000)
        self.tracer.requests.take()


def _reading(knob: Any, enter: Callable[[], Any] | None = None) -> Run:
    def read() -> None:
        for _ in range(READS // 10):
            knob.get()
            knob.get()
            knob.get()
            knob.get()
            knob.get()
            knob.get()
            knob.get()
            knob.get()
            knob.get()
            knob.get()

    def run() -> int:
        if enter is None:
            read()
        else:
            with enter():
                read()
        return READS

    return run


def reads() -> dict[str, Timing]:
    """Time the reading of knobs."""
    idle, trial = Governed(), Governed(SPLITS[0])
    return side_by_side(
        {
            "process": _reading(idle.batch),
            "outside": _reading(trial.depth),
            "no trial": _reading(idle.depth, lambda: idle.tracer.operation("answer")),
            "in a trial": _reading(trial.depth, lambda: trial.tracer.request("answer", user="ann")),
        }
    )


def _assigning(unit: Callable[[int], str | int]) -> Run:
    units = [unit(number) for number in range(REQUESTS)]

    def run() -> int:
        for each in units:
            assign("trial-1", each, 0.5)
        return REQUESTS

    return run


def _drawing(application: Governed) -> Run:
    def run() -> int:
        begin = application.tracer.requests.begin
        for _ in range(REQUESTS):
            begin("answer")
        return REQUESTS

    return run


def assignments() -> dict[str, Timing]:
    """Time the drawing of arms."""
    return side_by_side(
        {
            "user": _assigning(lambda number: f"user-{number}"),
            "request": _assigning(lambda number: number * 0x9E37_79B9),
            "one trial": _drawing(Governed(SPLITS[0])),
            "three trials": _drawing(Governed(*SPLITS)),
        }
    )


def _operations(application: Governed) -> Run:
    def run() -> int:
        operation = application.tracer.operation
        for _ in range(REQUESTS):
            with operation("answer"):
                pass
        application.settle()
        return REQUESTS

    return run


def operations() -> dict[str, Timing]:
    """Time whole operations: without knobs, with knobs that nobody turns, governed, in trials."""
    return side_by_side(
        {
            "plain": _operations(Governed(governed=False, declare=False)),
            "knobs": _operations(Governed(governed=False)),
            "governed": _operations(Governed()),
            "one trial": _operations(Governed(SPLITS[0])),
            "three trials": _operations(Governed(*SPLITS)),
        },
        rounds=60,
        clock=time.process_time_ns,
    )


def _result(question: str, timing: Timing, bar: float | None, unit: str = "ns", note: str = "") -> Result:
    scale = 1.0 if unit == "ns" else 1e3
    low, high = timing.best_ns / scale, timing.high_ns / scale
    return Result(question, low, unit, bar, "lower", low=low, high=high, note=note)


def run(data: Path | None) -> list[Result]:
    """Measure reading, drawing and whole operations."""
    read, drawn, whole = reads(), assignments(), operations()
    plain = whole["plain"].best_ns
    return [
        _result("read a process knob", read["process"], 60.0),
        _result("read a request knob outside of requests", read["outside"], 60.0),
        _result("read a request knob in a request, no trial", read["no trial"], 60.0),
        _result("read a request knob in a trial", read["in a trial"], 60.0),
        _result("assign a user to an arm", drawn["user"], 2.0, "us"),
        _result("assign a request to an arm", drawn["request"], 2.0, "us"),
        _result("begin a request in one trial", drawn["one trial"], 2.0, "us"),
        _result("begin a request in three trials", drawn["three trials"], None, "us"),
        Result(
            "operation with knobs that nobody turns, against one without knobs",
            whole["knobs"].best_ns / plain,
            "x",
            1.05,
            "lower",
            note=f"{whole['knobs'].best_ns / 1e3:.2f} us against {plain / 1e3:.2f} us",
        ),
        _result("operation governed, no trial", whole["governed"], None, "us", "its outcome is kept"),
        _result("operation in one trial", whole["one trial"], None, "us"),
        _result("operation in three trials", whole["three trials"], None, "us"),
    ]
