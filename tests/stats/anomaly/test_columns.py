"""The claims of the parts: the tail, the recurrence, and each column's statistic."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from homeostat.stats.anomaly.distribution import Distribution
from homeostat.stats.anomaly.envelope import Envelope
from homeostat.stats.anomaly.level import Level
from homeostat.stats.anomaly.rate import Rate
from homeostat.stats.anomaly.recurrence import HELD_MAX, Recurrence
from homeostat.stats.anomaly.season import SeasonalProfile, hour_and_weekend
from homeostat.stats.anomaly.spread import Spread
from homeostat.stats.anomaly.tail import SURPRISE_MAX, Tail


@pytest.mark.parametrize("name", ["exponential", "half normal"])
def test_a_surprise_is_as_rare_as_it_says(name: str) -> None:
    rng = np.random.default_rng(11)
    values = rng.exponential(size=60_000) if name == "exponential" else np.abs(rng.normal(size=60_000))
    tail = Tail()
    surprises = np.array([tail.surprise(v) for v in values.tolist()])[1_000:]
    for s in (2.0, 3.0):
        assert 0.4 * 10**-s <= (surprises >= s).mean() <= 1.6 * 10**-s


def test_a_surprise_is_finite_whatever_comes() -> None:
    tail = Tail()
    for value in [0.0] * 200 + [1e-300, 1e300, 0.0, 1.0]:
        assert 0.0 <= tail.surprise(value) <= SURPRISE_MAX


@given(st.lists(st.integers(0, 20), max_size=200))
def test_recurrence_agrees_with_looking_back(values: list[int]) -> None:
    recurrence = Recurrence()
    for i, value in enumerate(values):
        back = next((i - j for j in range(i - 1, -1, -1) if values[j] >= value), i + 1)
        assert recurrence.update(float(value)) == pytest.approx(math.log10(back))


def test_recurrence_is_exact_for_exchangeable_values_of_any_distribution() -> None:
    recurrence = Recurrence()
    values = np.random.default_rng(3).standard_cauchy(100_000)
    ages = np.array([recurrence.update(v) for v in values.tolist()])[10_000:]
    for s in (1.0, 2.0, 3.0):
        assert (ages >= s - 1e-9).mean() == pytest.approx(10**-s, rel=0.35)


def test_recurrence_holds_a_bounded_number_of_values_and_stays_right_at_the_top() -> None:
    recurrence = Recurrence()
    for value in range(5 * HELD_MAX, 0, -1):
        recurrence.update(float(value))
    assert recurrence.update(1e9) == pytest.approx(math.log10(5 * HELD_MAX + 1))


def test_hours_and_weekends_are_those_of_the_calendar() -> None:
    assert hour_and_weekend(0.0) == (0, False)
    assert hour_and_weekend(2 * 86_400 + 13.5 * 3_600) == (13, True)
    assert hour_and_weekend(4 * 86_400 - 1.0) == (23, True)
    assert hour_and_weekend(-1.0) == (23, False)


def test_the_profile_knows_each_hour_and_the_weekend() -> None:
    profile = SeasonalProfile()
    for day in range(140):
        for hour in range(24):
            weekend = day % 7 >= 5
            last = profile.residual(hour + 100.0 * weekend, hour, weekend)
    assert last == pytest.approx(0.0, abs=0.5)
    assert profile.residual(20.0, 3, False) == pytest.approx(17.0)


def test_the_envelope_is_the_range_around_the_time_of_day_and_forgets_old_months() -> None:
    envelope = Envelope()
    day = 86_400.0
    for d in range(10):
        for hour in range(24):
            inside = envelope.update(float(hour), d * day + hour * 3_600, hour)
    assert inside == 0.0
    assert envelope.update(30.0, 10 * day, 0) == pytest.approx(30.0 - 23.0)
    assert envelope.update(20.0, 10 * day + 8 * 3_600, 8) == pytest.approx(20.0 - 11.0)
    for d in range(11, 120):
        for hour in range(24):
            envelope.update(1.0, d * day + hour * 3_600, hour)
    assert envelope.update(5.0, 120 * day, 0) == pytest.approx(4.0)


def test_level_spread_and_rate_see_what_they_are_named_for() -> None:
    level, spread, rate = Level(), Spread(), Rate()
    rng = np.random.default_rng(1)
    for v in rng.normal(size=1_000).tolist():
        calm = level.update(v), spread.update(v), rate.update(v)
    for v in (5.0 + rng.normal(size=40)).tolist():
        moved = level.update(v)
    assert moved > 3 > calm[0]
    for v in (8.0 * rng.normal(size=40)).tolist():
        noisy = spread.update(v)
    assert noisy > 1.5 > calm[1]
    for i in range(20):
        rising = rate.update(10.0 * i)
    assert rising == pytest.approx(10.0, rel=0.1)
    for _ in range(100):
        still = spread.update(1.0)
    assert still > 4


def test_the_distribution_sees_new_proportions_within_the_usual_range() -> None:
    distribution = Distribution()
    rng = np.random.default_rng(1)
    for v in rng.choice([-1.0, 0.0, 1.0], p=[0.45, 0.1, 0.45], size=3_000).tolist():
        usual = distribution.update(v)
    for _ in range(60):
        unusual = distribution.update(0.0)
    assert unusual > 3 * usual


def test_the_distribution_of_a_constant_is_no_news() -> None:
    distribution = Distribution()
    assert {distribution.update(4.2) for _ in range(500)} == {0.0}
