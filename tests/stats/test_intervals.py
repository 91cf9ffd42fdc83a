"""Claims about the intervals of a proportion, a rate and a quantile: they cover what they say."""

import numpy as np
import pytest

from homeostat.stats.quantile_interval import quantile_interval, samples_needed
from homeostat.stats.rate_interval import rate_interval
from homeostat.stats.sketch import sketch
from homeostat.stats.wilson_interval import wilson_interval

ROUNDS = 2_000


@pytest.mark.parametrize(("share", "n"), [(0.5, 30), (0.05, 100), (0.01, 400), (0.99, 400)])
def test_wilsons_interval_covers_the_share(share: float, n: int) -> None:
    hits = np.random.default_rng(1).binomial(n, share, ROUNDS)
    found = [wilson_interval(int(h), n) for h in hits]
    covered = sum(i is not None and i.low <= share <= i.high for i in found)
    assert covered / ROUNDS > 0.925


def test_wilsons_interval_is_open_to_nothing_and_closed_at_the_ends() -> None:
    assert wilson_interval(0, 0) is None
    none, all_ = wilson_interval(0, 50), wilson_interval(50, 50)
    assert none is not None
    assert all_ is not None
    assert (none.low, all_.high) == (0.0, 1.0)
    assert 0 < none.high < 0.1


@pytest.mark.parametrize("mean", [3.0, 20.0, 300.0])
def test_the_rate_interval_covers_the_rate(mean: float) -> None:
    events = np.random.default_rng(2).poisson(mean, ROUNDS)
    found = [rate_interval(float(e), 10.0) for e in events]
    covered = sum(i is not None and i.low <= mean / 10 <= i.high for i in found)
    assert covered / ROUNDS > 0.925


@pytest.mark.parametrize(("p", "n"), [(0.5, 100), (0.95, 200), (0.95, 2_000), (0.99, 1_000)])
def test_the_quantile_interval_covers_the_quantile_of_a_skewed_distribution(p: float, n: int) -> None:
    random = np.random.default_rng(3)
    truth = float(np.exp(1.645 * 0.8)) if p == 0.95 else float(np.exp(2.326 * 0.8)) if p == 0.99 else 1.0
    covered = 0
    for _ in range(400):
        values = random.lognormal(0.0, 0.8, n)
        found = quantile_interval(sketch(values), p, float(values.min()), float(values.max()))
        assert found is not None
        covered += found.low * 0.994 <= truth <= found.high * 1.006
    assert covered / 400 > 0.92


def test_below_the_samples_needed_there_is_no_quantile_interval() -> None:
    n = samples_needed(0.95)
    assert quantile_interval(sketch(np.arange(1.0, n)), 0.95) is None
    assert quantile_interval(sketch(np.arange(1.0, n + 2)), 0.95) is not None
