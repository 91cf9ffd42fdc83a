"""Do switchbacks tell what is better while levels swing: by ratios of means, and by logarithms?"""

import math
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmarks.result import Result
from homeostat.stats.switchback import Switchback

Floats = NDArray[np.float64]
Draw = Callable[[np.random.Generator, int], Floats]

TRIALS, PAIRS, MEMORY = 2_000, 60, 0.8


def remembering(shocks: Floats, memory: float = MEMORY) -> Floats:
    """Return AR(1) noise of the variance of its shocks."""
    out = shocks.tolist()
    for i in range(1, len(out)):
        out[i] = memory * out[i - 1] + math.sqrt(1.0 - memory * memory) * out[i]
    return np.array(out)


def calm(random: np.random.Generator, n: int) -> Floats:
    """Levels that remember, 20% about their middle."""
    return np.exp(0.2 * remembering(random.normal(size=n)))


def drifting(random: np.random.Generator, n: int) -> Floats:
    """The same, and twentyfold from beginning to end."""
    return calm(random, n) * np.exp(np.linspace(0.0, 3.0, n))


def heavy(random: np.random.Generator, n: int) -> Floats:
    """Shocks of the logarithm with three degrees of freedom."""
    return np.exp(0.2 * remembering(random.standard_t(3, size=n)))


def overloaded(random: np.random.Generator, n: int) -> Floats:
    """Queues that fill and drain: from 2 to 40 s."""
    return np.exp(0.75 * remembering(random.normal(size=n)))


LEVELS: tuple[tuple[str, Draw], ...] = (
    ("AR(1) .8, 20%", calm),
    ("and a drift twentyfold", drifting),
    ("and heavy tails", heavy),
    ("a queue from 2 to 40 s", overloaded),
)


def course(
    levels: Draw, seed: int, effect: float, logarithms: bool, pairs: int = PAIRS
) -> Iterator[tuple[int, float, float]]:
    """Return after each pair the ends of the relative interval, once there is one."""
    random = np.random.default_rng(seed)
    blocks = levels(random, 2 * pairs) * random.lognormal(0.0, 0.1, 2 * pairs)
    trial = Switchback()
    for k, turned in enumerate((random.random(pairs) < 0.5).tolist()):
        first, second = blocks[2 * k : 2 * k + 2].tolist()
        treatment, control = (first, second) if turned else (second, first)
        treatment *= 1.0 + effect
        if logarithms:
            trial.pair(math.log(treatment), math.log(control))
            found = trial.difference()
            if found is not None:
                yield k + 1, math.expm1(found.low), math.expm1(found.high)
        else:
            trial.pair(treatment, control)
            found = trial.relative()
            if found is not None:
                yield k + 1, found.low, found.high


def kept_after(levels: Draw, seed: int, effect: float, logarithms: bool, pairs: int = PAIRS) -> float:
    """Return after how many pairs a trial is kept, infinite where it never is."""
    return next((n for n, _, high in course(levels, seed, effect, logarithms, pairs) if high < 0.0), math.inf)


def missed(levels: Draw, seed: int, effect: float, logarithms: bool) -> bool:
    """Tell whether some look leaves out the true effect."""
    return any(not low <= effect <= high for _, low, high in course(levels, seed, effect, logarithms))


def percent(flags: list[bool]) -> float:
    """Return the share of flags that are set."""
    return 100.0 * sum(flags) / len(flags)


def run(data: Path | None) -> list[Result]:
    """Simulate trials with and without effects."""
    found = []
    for words, levels in LEVELS:
        kept = [
            percent([math.isfinite(kept_after(levels, seed, 0.0, logs)) for seed in range(TRIALS)])
            for logs in (True, False)
        ]
        lost = [
            percent([missed(levels, seed, -0.3, logs) for seed in range(TRIALS)]) for logs in (True, False)
        ]
        found.append(
            Result(
                f"false keeps in {TRIALS:,} switchbacks of {PAIRS} pairs, {words}",
                kept[0],
                "%",
                5.0,
                "lower",
                note=f"ratios of means {kept[1]:.1f}%; an effect of -30% is ever left out in {lost[0]:.1f}% "
                f"(ratios of means {lost[1]:.1f}%)",
            )
        )
        pairs = [[kept_after(levels, seed, -0.3, logs, 400) for seed in range(200)] for logs in (True, False)]
        found.append(
            Result(
                f"pairs until -30% is kept, {words}",
                float(np.median(pairs[0])),
                "pairs",
                None,
                "lower",
                low=float(np.quantile(pairs[0], 0.1, method="nearest")),
                high=float(np.quantile(pairs[0], 0.9, method="nearest")),
                note=f"ratios of means {np.median(pairs[1]):.0f}",
            )
        )
    return found
