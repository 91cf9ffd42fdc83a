"""Student's t, the inflation by dependence and effects, against closed forms and simulation."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from homeostat.core.interval import Interval
from homeostat.stats.effect import Estimate, effect, ratio_of_sums
from homeostat.stats.inflation import inflation
from homeostat.stats.student import quantile, two_sided


@given(st.floats(0.0, 1e6))
def test_the_tail_is_the_closed_form_at_one_and_two_degrees(t: float) -> None:
    assert two_sided(t, 1) == pytest.approx(1 - 2 / math.pi * math.atan(t), abs=1e-12)
    assert two_sided(t, 2) == pytest.approx(1 - t / math.sqrt(2 + t * t), abs=1e-12)
    assert two_sided(-t, 7.5) == two_sided(t, 7.5)


@pytest.mark.parametrize(
    ("degrees", "expected"),
    [(1, 12.706204736), (3, 3.182446305), (10, 2.228138852), (28, 2.048407142), (200, 1.971896224)],
)
def test_the_quantile_is_that_of_the_tables(degrees: float, expected: float) -> None:
    assert quantile(0.975, degrees) == pytest.approx(expected, abs=1e-6)


@given(st.floats(0.51, 0.9999), st.floats(0.5, 1e4))
def test_quantile_and_tail_are_each_others_inverse(probability: float, degrees: float) -> None:
    assert two_sided(quantile(probability, degrees), degrees) == pytest.approx(
        2 * (1 - probability), rel=1e-4
    )


def test_the_inflation_is_that_of_the_autoregression() -> None:
    rng = np.random.default_rng(1)
    for phi in (0.0, 0.5, 0.8):
        found = []
        for _ in range(60):
            noise = rng.normal(size=2_000)
            values = noise.copy()
            for i in range(1, values.size):
                values[i] += phi * values[i - 1]
            found.append(inflation(values))
        assert np.mean(found) == pytest.approx((1 + phi) / (1 - phi), rel=0.2)


def test_constants_short_and_alternating_series_have_no_inflation() -> None:
    assert inflation(np.full(100, 3.0)) == 1.0
    assert inflation(np.arange(5.0)) == 1.0
    assert inflation(np.array([1.0, -1.0] * 50)) == pytest.approx(1.0)


def test_a_rate_of_stretches_is_their_sum_over_their_time() -> None:
    rng = np.random.default_rng(2)
    found = ratio_of_sums(rng.poisson(50.0, 200).astype(float), np.full(200, 10.0))
    assert found is not None
    assert found.interval.low < 5.0 < found.interval.high
    assert found.interval.high - found.interval.low < 0.25


def test_difference_and_ratio_agree_about_zero() -> None:
    def estimate(value: float, half: float) -> Estimate:
        return Estimate(value, Interval(value - half, value + half, 0.95), 100.0)

    found = effect(estimate(10.0, 0.5), estimate(12.0, 0.5))
    assert found.difference == 2.0
    assert found.ratio == pytest.approx(1.2)
    assert found.difference_interval.low == pytest.approx(2.0 - math.sqrt(0.5))
    assert found.ratio_interval is not None
    assert found.ratio_interval.low > 1.0
    assert found.p_value < 0.001
    assert effect(estimate(0.0, 1.0), estimate(2.0, 1.0)).ratio is None
