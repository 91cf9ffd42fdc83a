import math

import numpy as np
import pytest

from homeostat.stats.broken_line import POINTS_MAX, broken_line, levels_worth

PRICE = 4.0


def test_corners_and_slopes_are_found_with_their_ranges() -> None:
    rng = np.random.default_rng(61)
    t = np.arange(300.0)
    clean = 2.0 * t - 3.0 * np.maximum(t - 100, 0) + 1.5 * np.maximum(t - 200, 0)
    held = 0
    for _ in range(20):
        line = broken_line(clean + 3.0 * rng.standard_normal(300), PRICE)
        assert len(line.corners) == 2
        assert line.slopes == pytest.approx((2.0, -1.0, 0.5), abs=0.15)
        held += all(low <= at <= high for (low, _, high), at in zip(line.corners, (100, 200), strict=True))
    assert held >= 17


def test_noise_that_adds_up_has_no_corners() -> None:
    rng = np.random.default_rng(62)
    found = [broken_line(np.cumsum(rng.standard_normal(200)), PRICE) for _ in range(60)]
    assert sum(bool(line.corners) and line.phi <= 0.8 for line in found) <= 3


def test_long_series_keep_their_units() -> None:
    t = np.arange(20 * POINTS_MAX, dtype=np.float64)
    values = np.maximum(t - 3_000, 0) * 0.01 + np.random.default_rng(63).standard_normal(t.size)
    line = broken_line(values, PRICE)
    assert [at for _, at, _ in line.corners] == [pytest.approx(3_000, abs=100)]
    assert line.slopes == pytest.approx((0.0, 0.01), abs=0.001)


def test_levels_are_worth_more_than_a_line_where_there_are_levels() -> None:
    noise = np.random.default_rng(64).standard_normal(120)
    jump, ramp = np.repeat([0.0, 6.0], 60), np.linspace(0.0, 12.0, 120)
    assert levels_worth(noise + jump, [60], PRICE) > broken_line(noise + jump, PRICE).worth
    assert levels_worth(noise + ramp, [60], PRICE) < broken_line(noise + ramp, PRICE).worth


@pytest.mark.parametrize("values", [np.zeros(50), np.arange(10.0)])
def test_too_little_makes_no_line(values: np.ndarray) -> None:
    line = broken_line(values, PRICE)
    assert line.corners == ()
    assert math.isnan(line.slopes[0])
