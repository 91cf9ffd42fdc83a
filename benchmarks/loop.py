"""What does the loop itself cost an application?"""

import random
import time
from pathlib import Path

from benchmarks.result import Result
from homeostat import Homeostat
from homeostat.core.change import Change, Move
from homeostat.core.interval import Interval
from homeostat.core.metric import Better
from homeostat.core.objective import Guardrail, Measure, Objective, Summary, Term
from homeostat.core.order import Mode
from homeostat.core.proof import Decision, Effect, Proof
from homeostat.judge.targets.target_language import parse
from homeostat.loop.governing.book import Book
from homeostat.loop.governing.governor import Governor
from homeostat.loop.policy.policy import Policy
from homeostat.loop.rules.state import Limits
from homeostat.prove.ledger import notes
from homeostat.prove.ledger.ledger import Ledger

SERIES = 200
KNOBS = 20
HISTORY = 500
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


def history(now_ns: int) -> Ledger:
    """Return a ledger of trials of the last days, of all knobs in turn, in which nothing was gained."""
    rng = random.Random(2)
    ledger = Ledger()
    for number in range(HISTORY):
        end_ns = now_ns - (HISTORY - number) * 600 * 10**9
        change = Change((Move(f"knob_{number % KNOBS}", 8, rng.randint(9, 64)),), "climb", "to try")
        at = rng.gauss(0.0, 0.02)
        words = "p95 of duration and mean of cost"
        effect = Effect(words, None, None, at, Interval(at - 0.04, at + 0.04, 0.95))
        begin_ns = end_ns - 300 * 10**9
        proof = Proof(
            Decision.ROLL_BACK, "no gain", effect, (effect,), (), 900, 900, begin_ns, end_ns, "requests"
        )
        ledger = ledger.appended(notes.decided(f"trial-{number}", change, proof), end_ns)
    return ledger


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


def run(data: Path | None) -> list[Result]:
    """Serve requests, and add up the processor's time of folding and of the governor's ticks."""
    clock = PassingClock()
    rng = random.Random(1)
    with Homeostat("app", keep=False, collect=False, flush_interval_s=60.0, clock=clock) as hs:
        knobs = [hs.knob(f"knob_{k}", 8, low=1, high=64, scope="request") for k in range(KNOBS)]
        series = [hs.histogram(f"series_{k}", unit="ms") for k in range(SERIES)]
        governor = Governor(hs.knobs.plant, policy(), Book(history(clock.now_ns())), clock.now_ns())
        spent_s, folded_s = 0.0, 0.0
        for tick in range(SECONDS * TICKS_PER_S):
            for _ in range(REQUESTS_PER_S // TICKS_PER_S):
                with hs.operation("answer") as operation:
                    clock.ns += round(1e6 * rng.lognormvariate(2.0, 0.3))
                    first, *_ = [knob.get() for knob in knobs]
                    operation.outcome(quality=min(1.0, rng.gauss(0.9, 0.02)), cost=0.001 * first)
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
        trials = governor.seen.state.begun
    return [
        Result(
            "cost of the loop itself, share of a core",
            spent_s / SECONDS,
            "of a core",
            BAR,
            "lower",
            note=f"{TICKS_PER_S} looks a second at {REQUESTS_PER_S} requests/s, {KNOBS} knobs, {HISTORY} "
            f"earlier trials, {trials} begun in {SECONDS} s; "
            f"folding {SERIES} series takes {folded_s / SECONDS:.2%} besides",
        )
    ]
