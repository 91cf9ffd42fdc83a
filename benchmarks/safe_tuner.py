"""How often does tuning with 80 noisy evaluations break the target, and what does its pick cost?"""

import importlib.util
import math
import os
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean

import numpy as np

from benchmarks.landscapes import DEFAULT_COST, LANDSCAPES, OPTIMUM_COST, Landscape
from benchmarks.result import Result
from homeostat.act.search.optuna_search import OptunaSearch, Sampler
from homeostat.act.search.safe_tuner import SafeTuner
from homeostat.act.search.search import Measured, Search
from homeostat.core.knob import Configuration

EVALUATIONS = 80
SEEDS = 20
FIRST_SEED = 3_000
"""The tuner's settings were chosen on seeds below this one."""

BROKEN_BAR, COST_BAR, FEASIBLE_BAR = 5.0, 3.3, 90.0
PENALTY = 10.0
"""CMA-ES knows no targets: the excess over one, times this, is added to its cost as a share."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """Of one tuning: how often it truly broke the target, and what its pick truly costs."""

    broken: int
    cost: float
    feasible: bool


def ours(landscape: Landscape, seed: int) -> Outcome:
    """Tune with the safe tuner; without a pick the default stays."""
    search = SafeTuner(landscape.knobs, np.random.default_rng(seed), evaluations=EVALUATIONS)
    broken, _ = _run(search, landscape, seed, lambda cost, violation: Measured((cost,), (violation,)))
    picks = search.best()
    pick = picks[0].configuration if picks else {n: k.default for n, k in landscape.knobs.items()}
    return _outcome(broken, pick, landscape)


def peer(sampler: Sampler) -> Callable[[Landscape, int], Outcome]:
    """Tune with a sampler of Optuna, which picks the cheapest trial measured within the target."""

    def tuned(landscape: Landscape, seed: int) -> Outcome:
        def constrained(cost: float, violation: float) -> Measured:
            return Measured((cost,), (violation,))

        def penalised(cost: float, violation: float) -> Measured:
            return Measured((cost * (1.0 + PENALTY * max(0.0, violation)),))

        search = OptunaSearch(landscape.knobs, sampler, seed=seed)
        broken, told = _run(search, landscape, seed, penalised if sampler is Sampler.CMA else constrained)
        held = [(cost, pick) for cost, violation, pick in told if violation <= 0]
        pick = min(held, key=lambda pair: pair[0])[1] if held else told[0][2]
        return _outcome(broken, pick, landscape)

    return tuned


def _run(
    search: Search, landscape: Landscape, seed: int, shown: Callable[[float, float], Measured]
) -> tuple[int, list[tuple[float, float, Configuration]]]:
    rng = np.random.default_rng([seed, LANDSCAPES.index(landscape)])
    broken, told = 0, []
    for _ in range(EVALUATIONS):
        configuration = search.ask()
        cost, violation = landscape.measured(configuration, rng)
        search.tell(configuration, shown(cost, violation))
        told.append((cost, violation, configuration))
        broken += not landscape.holds(configuration)
    return broken, told


def _outcome(broken: int, pick: Configuration, landscape: Landscape) -> Outcome:
    return Outcome(broken, landscape.true(pick)[0], landscape.holds(pick))


def tuners() -> dict[str, Callable[[Landscape, int], Outcome]]:
    """Return ours and the peers that are installed."""
    found: dict[str, Callable[[Landscape, int], Outcome]] = {"safe tuner": ours}
    if importlib.util.find_spec("optuna") is not None:
        found["Optuna's constrained TPE"] = peer(Sampler.TPE)
        if importlib.util.find_spec("cmaes") is not None:
            found["Optuna's CMA-ES"] = peer(Sampler.CMA)
        if importlib.util.find_spec("torch") is not None:
            found["Optuna's GP"] = peer(Sampler.GP)
    return found


def _one(job: tuple[str, int, int]) -> Outcome:
    name, number, seed = job
    return tuners()[name](LANDSCAPES[number], seed)


def outcomes(seeds: int) -> dict[str, list[list[Outcome]]]:
    """Return for each tuner and landscape the outcome of each seed."""
    names, numbers = list(tuners()), range(len(LANDSCAPES))
    jobs = [(n, i, FIRST_SEED + s) for n in names for i in numbers for s in range(seeds)]
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    with ProcessPoolExecutor(os.cpu_count()) as pool:
        flat = iter(list(pool.map(_one, jobs, chunksize=5)))
    return {name: [[next(flat) for _ in range(seeds)] for _ in numbers] for name in names}


def _figures(rows: Sequence[Outcome]) -> tuple[float, float, float]:
    return (
        fmean(o.broken for o in rows),
        fmean(o.cost for o in rows),
        100.0 * fmean(o.feasible for o in rows),
    )


def _results(name: str, rows: list[Outcome], peers: dict[str, list[Outcome]], *, bars: bool) -> list[Result]:
    broken, cost, feasible = _figures(rows)
    costs = sorted(o.cost for o in rows)
    error = np.std([o.broken for o in rows]) / math.sqrt(len(rows))
    said = "; ".join(
        f"{peer}: {b:.1f} broken, {c:.2f}, {f:.0f}% feasible"
        for peer, (b, c, f) in ((p, _figures(found)) for p, found in peers.items())
    )
    return [
        Result(
            f"{name}: of {EVALUATIONS} evaluations broke the target",
            broken,
            "",
            BROKEN_BAR if bars else None,
            "lower",
            low=min(o.broken for o in rows),
            high=max(o.broken for o in rows),
            note=f"standard error {error:.1f}" + (f"; {said}" if said else ""),
        ),
        Result(
            f"{name}: cost picked (default {DEFAULT_COST}, optimum {OPTIMUM_COST})",
            cost,
            "",
            COST_BAR if bars else None,
            "lower",
            low=costs[0],
            high=costs[-1],
            note=f"median {costs[len(costs) // 2]:.2f}",
        ),
        Result(
            f"{name}: pick truly within the target", feasible, "%", FEASIBLE_BAR if bars else None, "higher"
        ),
    ]


def run(data: Path | None, seeds: int = SEEDS) -> list[Result]:
    """Tune each landscape with each tuner; the first one is the setting of the bars."""
    found = outcomes(seeds)
    own = found.pop("safe tuner")
    results = []
    for number, landscape in enumerate(LANDSCAPES):
        peers = {name: rows[number] for name, rows in found.items()}
        results += _results(landscape.name, own[number], peers, bars=number == 0)
    together = {name: [o for rows in of for o in rows] for name, of in found.items()}
    return results + _results("all landscapes", [o for rows in own for o in rows], together, bars=False)
