"""Claims about steadiness: what changed is not called steady, and what did not change mostly is."""

import math
from collections.abc import Callable

import numpy as np
import pytest
from numpy.typing import NDArray

from homeostat.stats.steadiness import steady
from homeostat.stats.trend import trend, trends

Floats = NDArray[np.float64]

N = 60
AT = np.arange(N) / (N - 1)

CHANGES: dict[str, Callable[[Floats], Floats]] = {
    "slope": lambda t: t,
    "step in the middle": lambda t: (t > 0.5).astype(np.float64),
    "step before the last sixth": lambda t: (t > 0.833).astype(np.float64),
    "step after the first sixth": lambda t: (t > 0.17).astype(np.float64),
    "bump of a quarter": lambda t: ((t > 0.4) & (t < 0.65)).astype(np.float64),
}


def noise(coefficient: float, series: int, seed: int) -> Floats:
    found = np.random.default_rng(seed).standard_normal((series, N))
    for k in range(1, N):
        found[:, k] = coefficient * found[:, k - 1] + math.sqrt(1.0 - coefficient**2) * found[:, k]
    return found


def share_steady(change: Floats, coefficient: float, deviation: float, series: int) -> float:
    rows = 1.0 + change + deviation * noise(coefficient, series, 1)
    return float(np.mean([steady(row, found, 0.15) for row, found in zip(rows, trends(rows), strict=True)]))


@pytest.mark.parametrize("name", CHANGES)
@pytest.mark.parametrize("coefficient", [0.0, 0.8])
def test_a_change_by_a_fifth_is_hardly_ever_called_steady(name: str, coefficient: float) -> None:
    for size in (0.2, -0.2):
        assert share_steady(size * CHANGES[name](AT), coefficient, 0.05, 100) <= 0.05


@pytest.mark.long
@pytest.mark.parametrize("name", CHANGES)
@pytest.mark.parametrize("coefficient", [0.0, 0.5, 0.8])
@pytest.mark.parametrize("deviation", [0.02, 0.05, 0.1])
def test_of_changed_series_at_most_three_percent_are_called_steady(
    name: str, coefficient: float, deviation: float
) -> None:
    for size in (0.2, -0.2):
        assert share_steady(size * CHANGES[name](AT), coefficient, deviation, 600) <= 0.03
    assert share_steady(0.33 * CHANGES[name](AT), coefficient, deviation, 600) <= 0.005


@pytest.mark.parametrize(("coefficient", "most"), [(0.0, 0.9), (0.5, 0.7)])
def test_what_does_not_change_is_mostly_called_steady(coefficient: float, most: float) -> None:
    assert share_steady(np.zeros(N), coefficient, 0.05, 100) >= most


def test_noise_too_large_to_know_is_not_steady() -> None:
    assert share_steady(np.zeros(N), 0.0, 0.3, 50) == 0.0


def test_few_samples_and_proven_trends_are_not_steady() -> None:
    short = [10.0] * 15
    assert not steady(short, trend(short), 0.15)
    slope = [100.0 + 0.01 * t for t in range(60)]
    assert not steady(slope, trend(slope), 0.15)


def test_a_constant_is_steady_even_at_zero_and_gaps_do_not_count() -> None:
    assert steady([0.0] * 40, trend([0.0] * 40), 0.15)
    gaps = np.full(60, 5.0)
    gaps[10:20] = np.nan
    assert steady(gaps, trends(gaps[None, :])[0], 0.15)
