"""Claims about bootstrap intervals of ratios: they cover what they say, and the shortcut is the bootstrap."""

import math
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from homeostat.core.errors import ConfigError, InputError
from homeostat.core.interval import Interval
from homeostat.stats.ratio_bootstrap import (
    SAMPLES_MAX,
    _resampled_quantiles,
    ratio_of_means,
    ratio_of_quantiles,
)

Ratio = Callable[..., Interval | None]
BOTH: tuple[Ratio, ...] = (ratio_of_means, ratio_of_quantiles)


@pytest.mark.parametrize("ratio", BOTH)
def test_the_ratio_is_covered_about_as_often_as_it_says(ratio: Ratio) -> None:
    random = np.random.default_rng(1)
    covered = 0
    for seed in range(120):
        found = ratio(random.lognormal(0.0, 0.8, 150), random.lognormal(0.5, 0.8, 200), seed=seed)
        assert found is not None
        covered += found.low <= math.exp(-0.5) <= found.high
    assert covered / 120 > 0.88


@pytest.mark.long
@pytest.mark.parametrize("ratio", BOTH)
@pytest.mark.parametrize("n", [100, 400])
def test_the_ratio_is_covered_over_many_samples(ratio: Ratio, n: int) -> None:
    random = np.random.default_rng(2)
    covered = 0
    for seed in range(1_000):
        found = ratio(random.lognormal(0.0, 0.8, n), random.lognormal(0.5, 0.8, n), seed=seed)
        assert found is not None
        covered += found.low <= math.exp(-0.5) <= found.high
    assert 0.925 <= covered / 1_000 <= 0.985


def test_paired_samples_have_a_narrower_interval_when_they_go_together() -> None:
    random = np.random.default_rng(3)
    tokens = random.lognormal(5.0, 1.0, 300)
    cost = tokens * random.normal(2.0, 0.1, 300)
    apart, paired = ratio_of_means(cost, tokens), ratio_of_means(cost, tokens, paired=True)
    assert apart is not None
    assert paired is not None
    assert paired.low < 2.0 < paired.high
    assert paired.high - paired.low < 0.3 * (apart.high - apart.low)


def test_blocks_widen_the_interval_of_samples_that_come_in_runs() -> None:
    random = np.random.default_rng(4)
    runs, other = np.repeat(random.exponential(1.0, 100), 10), random.exponential(1.0, 1_000)
    single, blocks = ratio_of_means(runs, other), ratio_of_means(runs, other, block=20)
    assert single is not None
    assert blocks is not None
    assert blocks.high - blocks.low > 1.8 * (single.high - single.low)


def test_the_shortcut_for_quantiles_draws_from_the_bootstraps_distribution() -> None:
    random = np.random.default_rng(5)
    values = random.lognormal(0.0, 1.0, 80)
    quick = np.sort(_resampled_quantiles(values, 0.9, random))
    resamples = np.sort(values[random.integers(0, 80, (2_000, 80))], axis=1)
    slow = np.sort(resamples[:, math.ceil(0.9 * 80) - 1])
    at = np.linspace(100, 1_900, 10).astype(int)
    share_below = np.abs(np.searchsorted(quick, values) - np.searchsorted(slow, values)).max() / 2_000
    assert share_below < 0.06
    assert np.median(quick[at] / slow[at]) == pytest.approx(1.0, abs=0.05)


@pytest.mark.parametrize("ratio", BOTH)
def test_the_same_seed_gives_the_same_interval(ratio: Ratio) -> None:
    random = np.random.default_rng(6)
    over, under = random.random(200), random.random(200)
    assert ratio(over, under, seed=7) == ratio(over, under, seed=7)
    assert ratio(over, under, seed=7) != ratio(over, under, seed=8)


@given(st.floats(1e-50, 1e50), st.floats(1e-50, 1e50))
def test_constants_give_a_point(one: float, other: float) -> None:
    for ratio in BOTH:
        found = ratio([one] * 120, [other] * 120)
        assert found is not None
        assert found.low == pytest.approx(one / other)
        assert found.high == pytest.approx(one / other)


def test_few_samples_give_no_interval() -> None:
    assert ratio_of_means([1.0] * 29, [1.0] * 100) is None
    assert ratio_of_means([1.0] * 100, [1.0] * 100, block=4) is None
    assert ratio_of_quantiles([1.0] * 99, [1.0] * 100, 0.95) is None
    assert ratio_of_quantiles([], [], 0.5) is None


def test_mostly_zero_denominators_give_an_infinite_end() -> None:
    found = ratio_of_means([1.0, 2.0] * 20, [0.0] * 39 + [1.0])
    assert found is not None
    assert found.high == math.inf
    quantile = ratio_of_quantiles([1.0, 2.0] * 20, [0.0] * 20 + [1.0] * 20, 0.5)
    assert quantile is not None
    assert quantile.high == math.inf


def test_long_samples_are_reduced_and_keep_their_ratio() -> None:
    random = np.random.default_rng(8)
    over, under = random.exponential(2.0, 5 * SAMPLES_MAX), random.exponential(1.0, 5 * SAMPLES_MAX)
    found = ratio_of_means(over, under)
    assert found is not None
    assert found.low < 2.0 < found.high
    deviation = 2.0 * math.sqrt(2.0 / over.size)
    assert found.high - found.low == pytest.approx(2 * 1.96 * deviation, rel=0.15)


def test_what_has_no_ratio_is_refused() -> None:
    ones = [1.0] * 40
    with pytest.raises(InputError, match=r"-1\.0"):
        ratio_of_means([-1.0, *ones], ones)
    with pytest.raises(InputError, match="nan"):
        ratio_of_quantiles(ones, [math.nan, *ones])
    with pytest.raises(InputError, match="zero"):
        ratio_of_means(ones, [0.0] * 40)
    with pytest.raises(InputError, match="as many"):
        ratio_of_means(ones, [1.0] * 41, paired=True)
    with pytest.raises(InputError, match="one row"):
        ratio_of_means([ones], [ones])
    with pytest.raises(ConfigError, match="block"):
        ratio_of_means(ones, ones, block=0)
    with pytest.raises(ConfigError, match="confidence"):
        ratio_of_means(ones, ones, 95.0)
    with pytest.raises(ConfigError, match="probability"):
        ratio_of_quantiles(ones, ones, 95.0)
