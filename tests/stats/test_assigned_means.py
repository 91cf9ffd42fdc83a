"""Claims about means of assigned arms: they hold whatever happens to both arms meanwhile."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from homeostat.core.errors import ConfigError, InputError
from homeostat.stats.assigned_means import FIRST_LOOK, AssignedMeans
from homeostat.stats.difference import difference
from homeostat.stats.mean_sequence import MeanSequence


def streams(kind, n, seed):
    random = np.random.default_rng(seed)
    noise = random.lognormal(0.0, 0.5, n)
    match kind:
        case "drift":
            return noise * np.linspace(1.0, 10.0, n)
        case "cycle":
            return noise * (3.0 + 2.0 * np.sin(np.arange(n) / 300.0))
        case "wild":
            return np.abs(random.standard_cauchy(n)) + 1.0
        case "memory":
            level = np.zeros(n)
            for i in range(1, n):
                level[i] = 0.95 * level[i - 1] + random.normal() * 0.3
            return np.exp(level)
        case _:
            return noise


def missed(kind, effect=0.0, trials=100, n=3_000, share=0.5):
    """Return how many trials ever miss the effect at a look every 50 records."""
    count = 0
    for seed in range(trials):
        treated = np.random.default_rng(1_000 + seed).random(n) < share
        values = streams(kind, n, seed) * np.where(treated, 1.0 + effect, 1.0)
        means, bad = AssignedMeans(share), False
        for i in range(0, n, 50):
            means.extend(values[i : i + 50], treated[i : i + 50])
            found = means.relative()
            bad = bad or (found is not None and not found.low <= effect <= found.high)
        count += bad
    return count


@pytest.mark.parametrize("kind", ["lognormal", "drift", "cycle", "wild", "memory"])
def test_no_effect_is_held_at_all_looks_whatever_the_records(kind):
    assert missed(kind) <= 10  # of 100 at 5%: 11 or more in 1.1% of cases


@pytest.mark.parametrize("kind", ["lognormal", "drift"])
def test_an_effect_is_held_at_all_looks(kind):
    assert missed(kind, effect=0.3, share=0.4) <= 10


def test_memory_that_both_arms_share_does_not_widen():
    treated = np.random.default_rng(1).random(3_000) < 0.5
    values = streams("memory", 3_000, 1) * np.where(treated, 0.9, 1.0)
    means, one, other = AssignedMeans(0.5), MeanSequence(), MeanSequence()
    means.extend(values, treated)
    one.extend(values[treated])
    other.extend(values[~treated])
    ours, theirs = means.difference(), difference(one, other)
    assert (ours.high - ours.low) < 0.5 * (theirs.high - theirs.low)


@settings(max_examples=40)
@given(
    st.lists(st.tuples(st.floats(0.1, 1e6), st.booleans()), min_size=FIRST_LOOK, max_size=400),
    st.floats(0.3, 0.7),
)
def test_both_scales_say_better_and_worse_alike_and_hold_their_estimates(rows, share):
    values, treated = np.array([v for v, _ in rows]), np.array([t for _, t in rows])
    means = AssignedMeans(share)
    means.extend(values, treated)
    apart, ratio = means.difference(), means.relative()
    if apart is not None and ratio is not None and means.control > 0:
        assert (apart.high < 0) == (ratio.high < 0)
        assert (apart.low > 0) == (ratio.low > 0)
        tiny = 1e-9 * max(abs(apart.low), abs(apart.high), 1.0)
        assert apart.low - tiny <= means.treatment - means.control <= apart.high + tiny


def test_the_unit_of_the_records_does_not_matter():
    treated = np.random.default_rng(1).random(1_000) < 0.5
    values = streams("lognormal", 1_000, 1)
    one, other = AssignedMeans(0.5), AssignedMeans(0.5)
    one.extend(values, treated)
    other.extend(values * 1e6, treated)
    assert one.relative().low == pytest.approx(other.relative().low)
    assert one.difference().high * 1e6 == pytest.approx(other.difference().high)


def test_there_is_no_interval_before_the_first_look_nor_relative_to_zero():
    means = AssignedMeans(0.5)
    means.extend(np.ones(FIRST_LOOK - 1), np.arange(FIRST_LOOK - 1) % 2 == 0)
    assert means.difference() is None
    noise = np.random.default_rng(1).normal(size=1_000)
    around_zero = AssignedMeans(0.5)
    around_zero.extend(noise, np.random.default_rng(2).random(1_000) < 0.5)
    assert around_zero.relative() is None
    assert around_zero.difference() is not None


def test_what_cannot_be_taken_is_refused():
    with pytest.raises(InputError, match="finite number"):
        AssignedMeans(0.5).extend(np.array([np.nan]), np.array([True]))
    with pytest.raises(InputError, match="arms"):
        AssignedMeans(0.5).extend(np.ones(2), np.array([True]))
    with pytest.raises(ConfigError, match="share"):
        AssignedMeans(0.0)
