"""How near does evolution come to the optimum with 500 noisy evaluations, beside Optuna's samplers?"""

import importlib.util
import math
import os
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from statistics import fmean, median

import numpy as np

from benchmarks.hard_functions import FUNCTIONS, NOISE, OPTIMUM, HardFunction
from benchmarks.result import Result
from homeostat.act.search.evolution import Evolution
from homeostat.act.search.optuna_search import OptunaSearch, Sampler
from homeostat.act.search.search import Measured
from homeostat.core.knob import Configuration

EVALUATIONS = 500
SEEDS = 10
FIRST_SEED = 1_000
"""Settings were chosen on seeds below this one."""

FINALISTS, REPLAYS = 10, 5
"""A peer's best are measured again out of the same budget: the luckiest single measurement is a poor pick."""

OURS = "evolution"
RANK_BAR = 2.0

Found = tuple[float, float]
"""The true cost of the pick, and the CPU seconds of the search."""


def ours(function: HardFunction, seed: int) -> Found:
    """Search with evolution."""
    search = Evolution(function.knobs, np.random.default_rng(seed), evaluations=EVALUATIONS)
    rng, began = _rng(function, seed), time.process_time()
    for _ in range(EVALUATIONS):
        configuration = search.ask()
        search.tell(configuration, Measured((function.measured(configuration, rng),)))
    return function.true(search.best()[0].configuration), time.process_time() - began


def peer(sampler: Sampler) -> Callable[[HardFunction, int], Found]:
    """Search with a sampler of Optuna, and measure its finalists again."""

    def searched(function: HardFunction, seed: int) -> Found:
        search = OptunaSearch(function.knobs, sampler, seed=seed)
        rng, began = _rng(function, seed), time.process_time()
        told: list[tuple[float, Configuration]] = []
        for _ in range(EVALUATIONS - FINALISTS * REPLAYS):
            configuration = search.ask()
            cost = function.measured(configuration, rng)
            search.tell(configuration, Measured((cost,)))
            told.append((cost, configuration))
        finalists = [pick for _, pick in sorted(told, key=lambda pair: pair[0])[:FINALISTS]]
        again = [fmean(function.measured(pick, rng) for _ in range(REPLAYS)) for pick in finalists]
        pick = finalists[int(np.argmin(again))]
        return function.true(pick), time.process_time() - began

    return searched


def _rng(function: HardFunction, seed: int) -> np.random.Generator:
    return np.random.default_rng([seed, [f.name for f in FUNCTIONS].index(function.name)])


def searches() -> dict[str, Callable[[HardFunction, int], Found]]:
    """Return ours and the peers that are installed."""
    found: dict[str, Callable[[HardFunction, int], Found]] = {OURS: ours}
    if importlib.util.find_spec("optuna") is not None:
        found |= {"TPE": peer(Sampler.TPE), "NSGA-II": peer(Sampler.NSGA2)}
        if importlib.util.find_spec("cmaes") is not None:
            found["CMA-ES"] = peer(Sampler.CMA)
    return found


def _one(job: tuple[str, int, int]) -> Found:
    name, number, seed = job
    return searches()[name](FUNCTIONS[number], seed)


def outcomes(seeds: int) -> dict[str, list[list[Found]]]:
    """Return for each search and function the outcome of each seed."""
    names, numbers = list(searches()), range(len(FUNCTIONS))
    jobs = [(n, i, FIRST_SEED + s) for n in names for i in numbers for s in range(seeds)]
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    with ProcessPoolExecutor(os.cpu_count()) as pool:
        flat = iter(list(pool.map(_one, jobs)))
    return {name: [[next(flat) for _ in range(seeds)] for _ in numbers] for name in names}


def run(data: Path | None, seeds: int = SEEDS) -> list[Result]:
    """Search each function with each search; rank them by the median over seeds."""
    found = outcomes(seeds)
    medians = {
        name: [median(cost - OPTIMUM for cost, _ in rows) for rows in of] for name, of in found.items()
    }
    results, ranks, ratios = [], [], []
    for number, function in enumerate(FUNCTIONS):
        excess = {name: of[number] for name, of in medians.items()}
        own = excess.pop(OURS)
        ranks.append(1 + sum(other < own for other in excess.values()))
        best = min(excess, key=lambda name: excess[name]) if excess else ""
        if best:
            ratios.append(own / max(excess[best], 1e-6))
        costs = sorted(cost - OPTIMUM for cost, _ in found[OURS][number])
        results.append(
            Result(
                f"{function.name}: excess over the optimum",
                own,
                "",
                None,
                "lower",
                best,
                excess[best] / max(own, 1e-6) if best else None,
                low=costs[0],
                high=costs[-1],
                note=", ".join(f"{name} {value:.3f}" for name, value in excess.items()),
            )
        )
    seconds = {name: fmean(s for rows in of for _, s in rows) for name, of in found.items()}
    note = f"{seeds} seeds, {EVALUATIONS} evaluations, {NOISE:.0%} noise; CPU s: " + ", ".join(
        f"{name} {value:.1f}" for name, value in seconds.items()
    )
    peers = len(found) > 1
    results.append(
        Result(
            "median rank among the searches",
            median(ranks),
            "",
            RANK_BAR if peers else None,
            "lower",
            note=note,
        )
    )
    if ratios:
        value = math.exp(fmean(map(math.log, ratios)))
        results.append(
            Result(
                "excess, ratio to the best sampler of each function, geometric mean",
                value,
                "",
                None,
                "lower",
                note=f"better than the best of them on {sum(r < 1 for r in ratios)} of {len(ratios)}",
            )
        )
        single = {
            name: math.exp(fmean(math.log(o / max(v, 1e-6)) for o, v in zip(medians[OURS], of, strict=True)))
            for name, of in medians.items()
            if name != OURS
        }
        best = max(single, key=lambda name: single[name])
        results.append(
            Result(
                "excess, ratio to the best single sampler, geometric mean",
                single[best],
                "",
                1.0,
                "lower",
                best,
                1.0 / single[best],
                note=", ".join(f"{name} {value:.2f}" for name, value in single.items()),
            )
        )
    return results
