"""Claims about intervals for those who look all the time, by simulation with the true answer known."""

import math
from statistics import NormalDist

import numpy as np
import pytest

from homeostat.stats.batch_inflation import mean_inflation, total_inflation
from homeostat.stats.chernoff_interval import chernoff_interval, chernoff_quantile_interval, values_needed
from homeostat.stats.exceedance import count_above
from homeostat.stats.sketch import sketch
from homeostat.stats.skewed_mean_interval import skewed_mean_interval
from homeostat.stats.sliding_confidence import sliding_confidence


@pytest.mark.parametrize(("share", "n"), [(0.05, 5), (0.05, 40), (0.001, 2_000), (0.5, 30)])
def test_chernoff_misses_a_share_no_more_often_than_it_says(share: float, n: int) -> None:
    hits = np.random.default_rng(1).binomial(n, share, 20_000)
    ends = {int(k): chernoff_interval(int(k), n, 0.95) for k in np.unique(hits)}
    missed = sum(not (e.low <= share <= e.high) for k in hits if (e := ends[int(k)]) is not None)
    assert missed / hits.size <= 0.05


def test_a_share_of_nothing_has_no_interval() -> None:
    assert chernoff_interval(0, 0, 0.95) is None
    assert chernoff_interval(3, 2, 0.95) is None


def test_a_quantile_has_each_end_once_enough_values_bound_it() -> None:
    low, high = values_needed(0.95, 0.999)
    values = np.linspace(1.0, 2.0, high)
    for n in (1, low - 1, low, high - 1, high):
        found = chernoff_quantile_interval(sketch(values[:n]), 0.95, 1.0, 2.0, 0.999)
        assert found is not None
        assert math.isfinite(found.low) == (n >= low)
        assert math.isfinite(found.high) == (n >= high)


def test_chernoff_misses_a_quantile_no_more_often_than_it_says() -> None:
    random = np.random.default_rng(2)
    truth = math.exp(1.6448536269514722)
    missed = 0
    for _ in range(600):
        values = random.lognormal(0, 1, 300)
        found = chernoff_quantile_interval(sketch(values), 0.95, values.min(), values.max(), 0.95)
        assert found is not None
        missed += not found.low * 0.994 <= truth <= found.high * 1.006
    assert missed / 600 <= 0.05


@pytest.mark.parametrize("windows", [20, 144])
def test_a_sliding_mean_looked_at_all_the_time_errs_no_more_often_than_it_says(windows: int) -> None:
    """2,000 paths; each value is one look at the mean of the newest `n` values, whose spread is known."""
    random, n, paths = np.random.default_rng(3), 100, 2_000
    confidence = sliding_confidence(windows, 0.05)
    half = NormalDist().inv_cdf(0.5 + confidence / 2) / math.sqrt(n)
    missed = 0
    for _ in range(paths // 100):
        sums = np.cumsum(random.standard_normal((100, (windows + 1) * n)), axis=1)
        means = (sums[:, n:] - sums[:, :-n]) / n
        missed += int((np.abs(means).max(axis=1) > half).sum())
    assert 0.02 <= missed / paths <= 0.06


def test_more_looking_needs_more_confidence() -> None:
    found = [sliding_confidence(w) for w in (0, 1, 10, 144, 10_000)]
    assert found == sorted(found)
    assert found[0] == pytest.approx(0.95)
    with pytest.raises(ValueError, match="-1"):
        sliding_confidence(-1)


def test_the_count_above_a_bound_is_that_of_the_values_but_for_those_next_to_it() -> None:
    values = np.random.default_rng(4).normal(0, 5, 2_000)
    values[:100] = 0.0
    for bound in (-7.0, -0.5, 0.0, 0.5, 7.0):
        near = int((np.abs(values - bound) <= abs(bound) * 0.0055).sum()) if bound else 0
        assert abs(count_above(sketch(values), bound) - int((values > bound).sum())) <= near


def test_bursts_are_worth_less_than_their_values_and_a_window_at_least_its_batches() -> None:
    random = np.random.default_rng(5)
    count = np.full(60, 50.0)
    alone = random.normal(0, 50**-0.5, (200, 60))
    found = [mean_inflation(count, row, 1.0) for row in alone]
    assert np.mean(found) < 1.15
    alike = np.where(np.arange(60) % 20 < 3, 10.0, 0.0)
    variance = 50 * 60 / (50 * 60 - 1) * alike.var()
    assert mean_inflation(count, alike, float(variance)) == pytest.approx(50.0, rel=0.02)
    assert mean_inflation(count[:5], alike[:5], 1.0) == 1.0


def test_counts_that_come_at_random_are_not_inflated_and_bursts_are() -> None:
    random = np.random.default_rng(6)
    even = [total_inflation(t := random.poisson(20, 60).astype(float), float(t.sum())) for _ in range(200)]
    assert np.mean(even) < 1.15
    bursts = random.poisson(20, 60) * (np.arange(60) % 6 == 0) * 6.0
    assert total_inflation(bursts, float(bursts.sum())) > 10


@pytest.mark.parametrize(("sigma", "n", "most"), [(0.5, 300, 0.12), (1.0, 1_000, 0.15)])
def test_the_mean_of_skewed_values_is_missed_about_as_often_as_said(
    sigma: float, n: int, most: float
) -> None:
    """Looked at all the time over 144 windows; the plain t-interval misses 29% of the second case."""
    random, windows = np.random.default_rng(7), 144
    confidence, truth = sliding_confidence(windows), math.exp(sigma**2 / 2)
    missed, paths = 0, 60
    for _ in range(paths):
        values = random.lognormal(0, sigma, (windows + 1) * n)
        sums = [np.cumsum(values**power) for power in (1, 2, 3)]
        first, second, third = ((s[n:] - s[:-n])[:: n // 20] / n for s in sums)
        variance = (second - first**2) * n / (n - 1)
        skew = (third - 3 * first * second + 2 * first**3) / variance**1.5
        found = [
            skewed_mean_interval(n, float(m), float(v), float(g), confidence)
            for m, v, g in zip(first, variance, skew, strict=True)
        ]
        missed += any(not i.low <= truth <= i.high for i in found if i is not None)
    assert missed / paths <= most
