"""Do limits keep goodput where peers lose it, and what do a breaker, a hedge and a balancer cost and gain?

All but the times of a call are of virtual time and seeded: the same on every machine. The other breakers are
measured by their own Python, `.bench-venv/limits` (`benchmarks/peers/limits.txt`), where that is installed.
"""

import asyncio
import json
import math
import os
import subprocess
from collections.abc import Callable
from pathlib import Path
from statistics import fmean

from benchmarks.limits_adaptive import LAW, SCENARIOS, Scenario, goodput
from benchmarks.limits_backend import Law
from benchmarks.limits_peers import Gradient2, NoLimit, P95Feedback
from benchmarks.limits_shedding import CRITICAL, MODEST, OTHERS, answered
from benchmarks.limits_tail import amplification, balanced, failed_share, hedged
from benchmarks.result import Result
from benchmarks.timing import side_by_side
from homeostat.core.clock import SystemClock
from homeostat.runtime.limits.breaker import Breaker
from homeostat.runtime.limits.bulkhead import bulkhead
from homeostat.runtime.limits.climbing_limit import ClimbingLimit
from homeostat.runtime.limits.limit import Limit
from homeostat.runtime.limits.refused import CircuitOpen
from homeostat.testing.bare_host import BareHost
from homeostat.testing.virtual_time import VirtualLoop, run_virtual

SEEDS = (11, 12, 13)
TARGET_S = 0.08
CALLERS = 50
CALLS = 2_000

PEERS = Path(__file__).parent / "peers" / "limits_breakers.py"
PEERS_PYTHON = Path(
    os.environ.get("HOMEOSTAT_BENCH_LIMITS")
    or Path(__file__).parents[1] / ".bench-venv" / "limits" / "bin" / "python"
)

OTHER_LAWS = {7: Law(40.0, 0.05, 0.0192), 36: Law(13.5, 0.05, 0.00072)}
"""Backends that come to 133 a second as well, by the concurrency of their peak."""


def _climbing(target_s: float = math.inf) -> Limit:
    return ClimbingLimit(20, lambda: 1, lambda: 1_000, target_s)


def _mean(scenario: Scenario, law: Law, limit: Callable[[], Limit]) -> tuple[float, float, float]:
    found = [goodput(scenario, law, limit(), seed) for seed in SEEDS]
    return fmean(found), min(found), max(found)


def adaptive() -> list[Result]:
    """Return the goodput in each scenario, with the peers' in the note."""
    results = []
    for scenario in SCENARIOS:
        mean, low, high = _mean(scenario, LAW, _climbing)
        none, gradient = _mean(scenario, LAW, NoLimit)[0], _mean(scenario, LAW, Gradient2)[0]
        note = f"no limit {none:.3g}, Gradient2 {gradient:.3g}; peak 133, answered within 1 s, 120 s, 3 seeds"
        question = f"adaptive limit, goodput {scenario.name}"
        results.append(
            Result(
                question, mean, "/s", scenario.bar, "higher", "Gradient2", mean / gradient, low, high, note
            )
        )
    overload = SCENARIOS[1]
    for peak, law in OTHER_LAWS.items():
        mean, low, high = _mean(overload, law, _climbing)
        gradient = _mean(overload, law, Gradient2)[0]
        question = f"the same, overload, a backend with its peak of 133 at {peak} in progress"
        results.append(Result(question, mean, "/s", None, "higher", "Gradient2", mean / gradient, low, high))
    mean, low, high = _mean(overload, LAW, lambda: _climbing(TARGET_S))
    feedback = _mean(overload, LAW, lambda: P95Feedback(TARGET_S))[0]
    question = "the same, overload, a p95 target of 80 ms, which one call alone exceeds"
    note = f"pure feedback of p95 {feedback:.3g}"
    return [
        *results,
        Result(question, mean, "/s", None, "higher", "p95 feedback", mean / feedback, low, high, note),
    ]


def _half_open() -> tuple[int, int]:
    """Return how many of 50 tasks at once get through half-open, and the cap."""
    loop = VirtualLoop()

    async def main() -> int:
        breaker, fails, called = Breaker(BareHost(loop), "model", calls_min=5, open_s=1.0), True, 0

        @breaker
        async def call() -> None:
            nonlocal called
            if fails:
                raise ConnectionError
            called += 1
            await asyncio.sleep(0.05)

        await asyncio.gather(*(call() for _ in range(5)), return_exceptions=True)
        fails = False
        await asyncio.sleep(2.0)
        refused = await asyncio.gather(*(call() for _ in range(CALLERS)), return_exceptions=True)
        assert called + sum(isinstance(r, CircuitOpen) for r in refused) == CALLERS
        return called

    return run_virtual(main(), loop), 3


def _times() -> dict[str, float]:
    """Return ns of a call that goes well, while nothing stands in its way."""
    host = BareHost(SystemClock())
    breaker, gate = Breaker(host, "model"), bulkhead(host, "index")

    def through_breaker() -> int:
        call = breaker.call
        for _ in range(CALLS):
            with call():
                pass
        host.registry.fold(0, 1)
        return CALLS

    def through_gate() -> int:
        permit = gate.permit
        for _ in range(CALLS):
            with permit():
                pass
        host.registry.fold(0, 1)
        return CALLS

    found = side_by_side({"breaker": through_breaker, "gate": through_gate}, rounds=200)
    return {name: timing.best_ns for name, timing in found.items()}


def _peers() -> dict[str, dict[str, float]]:
    if not PEERS_PYTHON.exists():
        return {}
    run = subprocess.run(
        [str(PEERS_PYTHON), str(PEERS)], capture_output=True, text=True, timeout=120, check=True
    )
    found: dict[str, dict[str, float]] = json.loads(run.stdout)
    return found


def breakers() -> list[Result]:
    """Return how many get through half-open, and what a call costs while closed."""
    peers, (through, cap), times = _peers(), _half_open(), _times()
    others = ", ".join(f"{name} {found['through']:.0f}" for name, found in peers.items())
    costs = ", ".join(
        f"{name} {found['closed_ns']:.0f}" for name, found in peers.items() if "closed_ns" in found
    )
    return [
        Result(
            "breaker, through half-open of 50 callers",
            through,
            "calls",
            cap,
            "lower",
            note=others or "no peers",
        ),
        Result("breaker, a call closed", times["breaker"], "ns", 1_000.0, "lower", note=costs or "no peers"),
        Result("gate, a call that need not wait (threads)", times["gate"], "ns", None, "lower"),
    ]


def shedding() -> list[Result]:
    """Return whose calls are answered in an overload."""
    results = []
    for special, by_priority in ((CRITICAL, True), (MODEST, False)):
        found = answered(SEEDS[0], by_priority)
        note = f"a fifth of 270/s at a backend of 133/s; of the others {found[OTHERS]:.0%}"
        question = f"shedding in overload, answered to: {special}"
        results.append(Result(question, 100 * found[special], "%", None, "higher", note=note))
    return results


def tails() -> list[Result]:
    """Return what hedges, balancing and budgets come to."""
    hedge, balance = hedged(SEEDS[0]), balanced(SEEDS[0])
    return [
        Result(
            "hedge, p99 where 2% are stuck for 1 s",
            hedge["with"],
            "ms",
            None,
            "lower",
            "no hedge",
            hedge["without"] / hedge["with"],
            note=f"{hedge['without']:.0f} ms without; {hedge['extra']:.1%} more calls, budget 5%",
        ),
        Result(
            "balancer, p99 with one of four endpoints half as fast",
            balance["balancer"],
            "ms",
            None,
            "lower",
            "round robin",
            balance["round robin"] / balance["balancer"],
            note=f"round robin {balance['round robin']:.0f} ms, at half of the capacity",
        ),
        Result(
            "balancer, failures with one of four endpoints down",
            100 * failed_share(SEEDS[0]),
            "%",
            None,
            "lower",
            note="round robin 25 %; what remains are the first calls and the probes",
        ),
        Result(
            "retry, attempts a call where all fail",
            amplification(SEEDS[0]),
            "x",
            None,
            "lower",
            note="3 attempts without the budget of 10%",
        ),
    ]


def run(data: Path | None) -> list[Result]:
    """Measure limits, breakers and tails."""
    return [*adaptive(), *breakers(), *shedding(), *tails()]
