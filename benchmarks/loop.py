"""What does the loop itself cost an application?"""

import random
import time
from pathlib import Path

from benchmarks.result import Result
from homeostat import Homeostat
from homeostat.core.metric import Better
from homeostat.core.objective import Guardrail, Measure, Objective, Summary, Term
from homeostat.core.order import Mode
from homeostat.judge.targets.target_language import parse
from homeostat.loop.book import Book
from homeostat.loop.cycle import Limits
from homeostat.loop.governor import Governor
from homeostat.loop.policy import Policy

SERIES = 200
REQUESTS_PER_S = 50
SECONDS = 300
TICKS_PER_S = 2
BAR = 0.01


def policy() -> Policy:
    """Two targets, a weighted objective and two guardrails."""
    return Policy(
        Objective((Term(Measure("duration", Summary.P95)), Term(Measure("cost"), 0.5))),
        (
            Guardrail(Measure("quality", Summary.MEAN, Better.HIGHER), 0.02),
            Guardrail(Measure("errors", Summary.SHARE), 0.01, relative=False),
        ),
        (parse("p95(duration) < 200 ms over 10 min"), parse("mean(quality) > 0.8 over 10 min")),
        Mode.ACT,
        Limits(trials_max=3),
    )


class PassingClock:
    """The time that the benchmark says it is."""

    def __init__(self) -> None:
        self.ns = time.time_ns()

    def now_ns(self) -> int:
        """Return the time of day."""
        return self.ns

    def monotonic_ns(self) -> int:
        """Return the same as a monotonic time."""
        return self.ns


def run(_: Path | None) -> list[Result]:
    """Serve requests, and add up the processor's time of folding and of the governor's ticks."""
    clock = PassingClock()
    rng = random.Random(1)
    with Homeostat("app", keep=False, collect=False, flush_interval_s=60.0, clock=clock) as hs:
        knobs = [hs.knob(f"knob_{k}", 8, low=1, high=64, scope="request") for k in range(10)]
        series = [hs.histogram(f"series_{k}", unit="ms") for k in range(SERIES)]
        governor = Governor(hs.knobs.plant, policy(), Book(), clock.now_ns())
        spent_s, folded_s = 0.0, 0.0
        for tick in range(SECONDS * TICKS_PER_S):
            for _ in range(REQUESTS_PER_S // TICKS_PER_S):
                with hs.operation("answer") as operation:
                    clock.ns += round(1e6 * rng.lognormvariate(2.0, 0.3))
                    operation.outcome(quality=min(1.0, rng.gauss(0.9, 0.02)), cost=0.001 * knobs[0].get())
                for one in series[:: SERIES // 40]:
                    one.record(rng.random())
            clock.ns += 10**9 // TICKS_PER_S
            begin = time.thread_time()
            governor.tick(clock.now_ns())
            spent_s += time.thread_time() - begin
            if tick % TICKS_PER_S == 0:
                begin = time.thread_time()
                hs.snapshot("series_0")
                folded_s += time.thread_time() - begin
        trials = len(governor.book.history(500))
    return [
        Result(
            "cost of the loop itself, share of a core",
            spent_s / SECONDS,
            "of a core",
            BAR,
            "lower",
            note=f"{TICKS_PER_S} looks a second at {REQUESTS_PER_S} requests/s, 10 knobs, {trials} trials in "
            f"{SECONDS} s; folding {SERIES} series takes {folded_s / SECONDS:.2%} besides",
        )
    ]
