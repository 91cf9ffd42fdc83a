"""The claims of lagged correlations: who leads is found, memory and seasons invent nothing."""

import numpy as np
import pytest
from numpy.typing import NDArray

from homeostat.stats.lag_correlation import SERIES_MAX, lag_correlations

Floats = NDArray[np.float64]


def autoregressive(rng: np.random.Generator, count: int, n: int, phi: float) -> Floats:
    x = rng.normal(size=(count, n))
    for i in range(1, n):
        x[:, i] += phi * x[:, i - 1]
    return x


@pytest.mark.parametrize("lag", [0, 1, 7, 25])
@pytest.mark.parametrize("first", [True, False])
def test_the_leader_and_its_lag_are_found_within_memory(lag: int, first: bool) -> None:
    rng = np.random.default_rng(lag)
    x = autoregressive(rng, 2, 600, 0.8)
    follower = np.roll(x[0], lag) + 0.7 * rng.normal(size=600)
    rows = [x[0], follower, x[1]] if first else [follower, x[0], x[1]]
    found = lag_correlations(rows)[0]
    assert found.lag == lag
    if lag:
        assert (found.leader, found.follower) == ((0, 1) if first else (1, 0))
    assert found.low < found.correlation < found.high
    assert found.p_value < 1e-6


def test_an_opposite_movement_is_negative() -> None:
    x = np.random.default_rng(2).normal(size=300)
    (found,) = lag_correlations([x, -np.roll(x, 3)])
    assert found.correlation < -0.95
    assert (found.leader, found.follower, found.lag) == (0, 1, 3)


@pytest.mark.parametrize("phi", [0.0, 0.8, 1.0])
def test_memory_alone_invents_no_correlation(phi: float) -> None:
    rng = np.random.default_rng(9)
    wrong = sum(bool(lag_correlations(autoregressive(rng, 8, 250, phi), lag_max=15)) for _ in range(60))
    assert wrong <= 9, "5% of 60 is 3; 9 has a probability of 0.3%"


@pytest.mark.long
@pytest.mark.parametrize("phi", [0.0, 0.5, 0.8, 0.95])
def test_false_discoveries_keep_to_the_rate(phi: float) -> None:
    rng = np.random.default_rng(19)
    wrong = sum(bool(lag_correlations(autoregressive(rng, 10, 300, phi), lag_max=20)) for _ in range(400))
    assert wrong / 400 <= 0.085


def test_a_season_in_common_is_no_correlation_where_its_period_is_told() -> None:
    rng = np.random.default_rng(4)
    season = 5.0 * (np.arange(960) % 24 < 3)
    wrong = sum(
        bool(lag_correlations(season + rng.normal(size=(4, 960)), lag_max=30, period=24)) for _ in range(20)
    )
    assert wrong <= 4


def test_wild_values_do_not_correlate() -> None:
    rng = np.random.default_rng(5)
    wrong = sum(bool(lag_correlations(rng.standard_cauchy(size=(6, 300)))) for _ in range(40))
    assert wrong <= 6


def test_constants_gaps_and_short_series_are_borne() -> None:
    rng = np.random.default_rng(6)
    x = rng.normal(size=400)
    y = np.roll(x, 2)
    y[::37] = np.nan
    rows = [x, y, np.full(400, 3.3), np.full(400, np.nan)]
    (found,) = lag_correlations(rows)
    assert (found.leader, found.follower, found.lag) == (0, 1, 2)
    assert lag_correlations(rng.normal(size=(3, 20))) == ()
    assert lag_correlations(x) == ()


def test_too_many_series_are_refused_with_the_bound() -> None:
    with pytest.raises(ValueError, match="at most 200 series"):
        lag_correlations(np.zeros((SERIES_MAX + 1, 100)))
    with pytest.raises(ValueError, match="lag_max must be 0 or more"):
        lag_correlations(np.zeros((2, 100)), lag_max=-1)
