"""Claims about Student's t; the exact values are those of printed tables to six decimals."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from homeostat.stats.t_interval import MINIMUM_SAMPLES, t_interval, t_quantile


def exact_t_cdf(t: float, degrees: int) -> float:
    """Integrate the density by Simpson's rule: the slow, obvious oracle."""
    from math import exp, lgamma, log, pi

    def density(
        x: "np.ndarray[tuple[int], np.dtype[np.float64]]",
    ) -> "np.ndarray[tuple[int], np.dtype[np.float64]]":
        scale = lgamma((degrees + 1) / 2) - lgamma(degrees / 2) - 0.5 * log(degrees * pi)
        return np.asarray(exp(scale) * (1 + x * x / degrees) ** (-(degrees + 1) / 2))

    x = np.linspace(0.0, t, 20_001)
    weights = np.ones(x.size)
    weights[1:-1:2], weights[2:-1:2] = 4.0, 2.0
    return 0.5 + float((density(x) * weights).sum() * (x[1] - x[0]) / 3)


@pytest.mark.parametrize(
    ("probability", "degrees", "exact"),
    [
        (0.975, 29, 2.045230),
        (0.975, 30, 2.042272),
        (0.975, 60, 2.000298),
        (0.975, 120, 1.979930),
        (0.975, 999, 1.962341),
        (0.95, 29, 1.699127),
        (0.95, 40, 1.683851),
        (0.995, 29, 2.756386),
        (0.995, 100, 2.625891),
        (0.90, 29, 1.311434),
    ],
)
def test_quantiles_agree_with_the_table(probability: float, degrees: int, exact: float) -> None:
    assert t_quantile(probability, degrees) == pytest.approx(exact, abs=1.5e-6)


@pytest.mark.parametrize("degrees", [29, 35, 50, 100, 300, 999])
@pytest.mark.parametrize("probability", [0.9, 0.95, 0.975, 0.99, 0.995])
def test_quantiles_are_inverse_to_the_integrated_density(probability: float, degrees: int) -> None:
    assert exact_t_cdf(t_quantile(probability, degrees), degrees) == pytest.approx(probability, abs=2e-7)


@given(st.floats(0.5, 0.999), st.integers(29, 5_000))
def test_quantiles_are_symmetric(probability: float, degrees: int) -> None:
    assert t_quantile(1 - probability, degrees) == pytest.approx(-t_quantile(probability, degrees), abs=1e-9)


def test_the_interval_covers_the_mean_as_often_as_it_says() -> None:
    rng = np.random.default_rng(3)
    draws = rng.normal(10.0, 4.0, (4_000, 50))
    hits = 0
    for row in draws:
        interval = t_interval(row.size, float(row.mean()), float(row.var(ddof=1)), 0.95)
        assert interval is not None
        hits += interval.low <= 10.0 <= interval.high
    assert 0.94 <= hits / len(draws) <= 0.96


def test_there_is_no_interval_below_thirty_samples() -> None:
    assert t_interval(MINIMUM_SAMPLES - 1, 1.0, 1.0) is None
    assert t_interval(MINIMUM_SAMPLES, 1.0, 1.0) is not None


@pytest.mark.parametrize(
    ("mean", "variance"), [(float("nan"), 1.0), (1.0, float("nan")), (1.0, float("inf"))]
)
def test_there_is_no_interval_where_mean_or_variance_is_unknown(mean: float, variance: float) -> None:
    assert t_interval(100, mean, variance) is None


def test_constant_samples_give_a_point() -> None:
    interval = t_interval(100, 5.0, 0.0)
    assert interval is not None
    assert (interval.low, interval.high) == (5.0, 5.0)
