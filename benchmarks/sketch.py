"""How far off are the sketch's quantiles at worst, and is merging exact?"""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmarks.result import Result
from homeostat.core.histogram import Buckets, ExponentialHistogram
from homeostat.stats.sketch import merge, quantiles, sketch

N = 50_000
PROBABILITIES = np.linspace(0.0, 1.0, 1_001)


def distributions() -> dict[str, NDArray[np.float64]]:
    """Return the values of each distribution, the same in every run."""
    rng = np.random.default_rng(11)
    return {
        "uniform": rng.uniform(0.0, 1.0, N),
        "normal": rng.normal(100.0, 15.0, N),
        "normal around zero": rng.normal(0.0, 1.0, N),
        "exponential": rng.exponential(20.0, N),
        "lognormal": rng.lognormal(3.0, 1.5, N),
        "pareto": rng.pareto(0.8, N) + 1.0,
        "gamma": rng.gamma(0.3, 2.0, N),
        "weibull": rng.weibull(0.5, N),
        "cauchy": rng.standard_cauchy(N),
        "bimodal": np.concatenate((rng.normal(2.0, 0.1, N // 2), rng.normal(900.0, 9.0, N // 2))),
        "poisson": rng.poisson(3.0, N).astype(np.float64),
        "powers of two": np.exp2(rng.integers(-900, 900, N).astype(np.float64)),
    }


def worst_error(values: NDArray[np.float64]) -> float:
    """Return the largest relative error of 1,001 quantiles."""
    exact = np.quantile(values, PROBABILITIES, method="lower")
    found = quantiles(sketch(values), PROBABILITIES, values.min(), values.max())
    size = np.abs(exact)
    return float(np.max(np.abs(found - exact)[size > 0] / size[size > 0], initial=0.0))


def same(a: ExponentialHistogram, b: ExponentialHistogram) -> bool:
    """Tell whether two histograms are equal, count for count."""

    def equal(x: Buckets, y: Buckets) -> bool:
        return x.offset == y.offset and np.array_equal(x.counts, y.counts)

    return a.zero_count == b.zero_count and equal(a.positive, b.positive) and equal(a.negative, b.negative)


def run(data: Path | None) -> list[Result]:
    """Measure the worst error over all distributions, and merge each of them from 50 pieces."""
    found = distributions()
    errors = {name: worst_error(values) for name, values in found.items()}
    worst = max(errors, key=errors.__getitem__)
    exact = sum(same(merge(map(sketch, np.array_split(v, 50))), sketch(v)) for v in found.values())
    return [
        Result(
            f"largest relative error of a quantile, {len(found)} distributions",
            100 * errors[worst],
            "%",
            0.55,
            "lower",
            note=f"1,001 quantiles each; worst: {worst}",
        ),
        Result(
            "distributions whose 50 merged pieces equal the whole",
            100 * exact / len(found),
            "%",
            100.0,
            "higher",
        ),
    ]
