import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from homeostat.stats.shift import shift

values = st.lists(st.floats(-1e6, 1e6, width=32), min_size=3, max_size=20)


def coverage(sample: object, n: int, m: int, series: int = 400) -> float:
    held = 0
    for _ in range(series):
        found = shift(sample(n), sample(m) + 1.0)
        held += found.difference_interval.low <= 1.0 <= found.difference_interval.high
    return held / series


@pytest.mark.parametrize(("n", "m"), [(100, 4), (30, 30), (100, 200)])
def test_the_interval_covers_the_shift(n: int, m: int) -> None:
    rng = np.random.default_rng(31)
    assert coverage(rng.standard_normal, n, m) >= 0.93
    assert coverage(lambda k: rng.standard_t(3, k), n, m) >= 0.93
    assert coverage(lambda k: rng.lognormal(size=k), n, m) >= 0.93


def test_autocorrelation_widens_the_interval() -> None:
    rng = np.random.default_rng(32)

    def autoregressive(size: int) -> np.ndarray:
        series = rng.standard_normal(size)
        for i in range(1, size):
            series[i] += 0.5 * series[i - 1]
        return series

    assert coverage(autoregressive, 100, 100) >= 0.91


def test_a_ratio_covers_the_factor() -> None:
    rng = np.random.default_rng(33)
    held = 0
    for _ in range(300):
        found = shift(rng.lognormal(5.0, 0.3, 60), 1.38 * rng.lognormal(5.0, 0.3, 60))
        assert found
        assert found.ratio_interval
        held += found.ratio_interval.low <= 1.38 <= found.ratio_interval.high
    assert held / 300 >= 0.92


@given(values, values)
def test_it_is_the_median_of_all_differences(before: list[float], after: list[float]) -> None:
    found = shift(before, after)
    assert found
    assert found.difference == pytest.approx(np.median(np.subtract.outer(after, before)), rel=1e-9, abs=1e-6)
    assert found.difference_interval.low <= found.difference <= found.difference_interval.high


def test_large_samples_are_reduced_without_moving_the_answer() -> None:
    rng = np.random.default_rng(34)
    before, after = rng.standard_normal(100_000), rng.standard_normal(100_000) + 0.1
    found = shift(before, after)
    assert found
    assert found.difference == pytest.approx(after.mean() - before.mean(), abs=0.01)
    width = found.difference_interval.high - found.difference_interval.low
    assert width == pytest.approx(2 * 1.96 * (2 / 100_000 * np.pi / 3) ** 0.5, rel=0.2)


def test_there_is_no_ratio_of_values_that_are_not_positive() -> None:
    found = shift([0.0, 1.0, 2.0], [5.0, 6.0, 7.0])
    assert found
    assert found.ratio is None


@pytest.mark.parametrize("after", [[], [1.0, 2.0], [1.0, np.nan, 2.0, np.inf]])
def test_too_few_values_have_no_shift(after: list[float]) -> None:
    assert shift([1.0, 2.0, 3.0, 4.0], after) is None


def test_what_is_no_series_is_refused() -> None:
    with pytest.raises(ValueError, match="one series, not of shape"):
        shift([[1.0, 2.0]], [1.0, 2.0, 3.0])
