"""Claims about relative effects: they agree with the difference, and hold the truth at all looks."""

import math
from dataclasses import dataclass

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from homeostat.core.interval import Interval
from homeostat.stats.difference import difference
from homeostat.stats.mean_sequence import MeanSequence
from homeostat.stats.quantile_sequence import QuantileSequence
from homeostat.stats.relative import relative, surely_relative


@dataclass(frozen=True, slots=True)
class Known:
    """An arm whose interval is given."""

    estimate: float
    found: Interval | None

    def interval(self) -> Interval | None:
        return self.found


def arm(estimate: float, down: float, up: float) -> Known:
    return Known(estimate, Interval(estimate - down, estimate + up, 0.95))


def times(ratio: float, one: Known) -> Known:
    """Return the arm of `ratio` times the values of another."""
    assert one.found is not None
    ends = sorted((ratio * one.found.low, ratio * one.found.high))
    return Known(ratio * one.estimate, Interval(ends[0], ends[1], 0.95))


lengths = st.floats(0.01, 20.0)


@given(st.floats(-50.0, 50.0), lengths, lengths, st.floats(0.5, 50.0), st.floats(0.02, 0.98), lengths)
def test_each_end_is_the_ratio_at_which_the_difference_just_reaches_zero(
    at: float, down: float, up: float, base: float, below: float, above: float
) -> None:
    treatment, control = arm(at, down, up), arm(base, below * base, above)
    found = relative(treatment, control)
    assert found is not None
    at_low = difference(treatment, times(found.low + 1.0, control))
    at_high = difference(treatment, times(found.high + 1.0, control))
    assert at_low is not None
    assert at_high is not None
    scale = 1e-7 * (abs(at) + down + up + base + above) * (1.0 + abs(found.low) + abs(found.high))
    assert abs(at_low.low) <= scale
    assert abs(at_high.high) <= scale


@given(st.floats(0.5, 50.0), lengths, lengths, st.floats(0.5, 50.0), st.floats(0.02, 0.98), lengths)
def test_it_leaves_out_zero_exactly_where_the_difference_does(
    at: float, down: float, up: float, base: float, below: float, above: float
) -> None:
    treatment, control = arm(at, down, up), arm(base, below * base, above)
    found, apart = relative(treatment, control), difference(treatment, control)
    assert found is not None
    assert apart is not None
    near = 1e-9 * (at + base)
    assert found.low > 0.0 or apart.low <= near
    assert found.high < 0.0 or apart.high >= -near
    assert apart.low > -near or found.low <= 0.0
    assert apart.high < near or found.high >= 0.0


def test_opposite_signs_of_both_arms_change_nothing() -> None:
    one = relative(arm(8.0, 1.0, 2.0), arm(10.0, 1.5, 0.5))
    other = relative(arm(-8.0, 2.0, 1.0), arm(-10.0, 0.5, 1.5))
    assert one == other


def test_a_control_that_may_be_zero_tells_nothing() -> None:
    assert relative(arm(5.0, 1.0, 1.0), arm(1.0, 1.0, 1.0)) is None
    assert relative(arm(5.0, 1.0, 1.0), Known(1.0, None)) is None
    assert surely_relative(Interval(1.0, 2.0, 0.95), Interval(-1.0, 1.0, 0.95)) is None
    assert surely_relative(None, Interval(1.0, 2.0, 0.95)) is None


def test_ends_that_are_not_known_yet_are_infinite() -> None:
    found = relative(arm(5.0, 1.0, math.inf), arm(4.0, 1.0, math.inf))
    assert found is not None
    assert (found.low, found.high) == (-1.0, math.inf)


def test_the_sure_interval_holds_every_pair_of_values() -> None:
    random = np.random.default_rng(1)
    for _ in range(200):
        low, base = random.uniform(-5.0, 5.0), random.uniform(0.1, 3.0) * random.choice([-1.0, 1.0])
        one = Interval(low, low + random.uniform(0.0, 5.0), 0.975)
        ends = sorted((base, base * random.uniform(1.0, 3.0)))
        other = Interval(ends[0], ends[1], 0.975)
        found = surely_relative(one, other)
        assert found is not None
        ratios = random.uniform(one.low, one.high, 50) / random.uniform(other.low, other.high, 50) - 1.0
        assert found.low <= ratios.min()
        assert ratios.max() <= found.high


def ever_missed(kind: str, trials: int, looks: int, seed: int) -> float:
    """Return the share of trials with a true effect of -10% in which some look misses it."""
    random = np.random.default_rng(seed)
    missed = 0
    for _ in range(trials):
        arms = [MeanSequence() if kind == "mean" else QuantileSequence(0.95) for _ in range(2)]
        missed_here = False
        for _ in range(looks):
            arms[0].extend(random.exponential(90.0, 20))
            arms[1].extend(random.exponential(100.0, 20))
            found = relative(arms[0], arms[1])
            missed_here = missed_here or (found is not None and not found.low <= -0.1 <= found.high)
        missed += missed_here
    return missed / trials


@pytest.mark.parametrize("kind", ["mean", "p95"])
def test_a_true_effect_is_held_at_all_looks_together(kind: str) -> None:
    assert ever_missed(kind, 100, 60, 3) <= 0.05


@pytest.mark.long
@pytest.mark.parametrize("kind", ["mean", "p95"])
def test_at_most_five_percent_of_many_trials_ever_miss(kind: str) -> None:
    assert ever_missed(kind, 1_000, 100, 4) <= 0.05
