"""Claims about quantiles of assigned arms: their ratio is held whatever happens to both arms meanwhile."""

import math

import numpy as np
import pytest

from homeostat.core.errors import ConfigError, InputError
from homeostat.stats.assigned_quantiles import FIRST_LOOK, AssignedQuantiles
from homeostat.stats.quantile_sequence import QuantileSequence
from homeostat.stats.relative import relative


def stream(kind, n, seed):
    random = np.random.default_rng(seed)
    noise = random.lognormal(0.0, 0.5, n)
    match kind:
        case "drift":
            return noise * np.linspace(1.0, 10.0, n)
        case "wild":
            return np.abs(random.standard_cauchy(n))
        case "memory":
            level = np.zeros(n)
            for i in range(1, n):
                level[i] = 0.95 * level[i - 1] + random.normal() * 0.3
            return np.exp(level) * noise
        case _:
            return noise


def drawn(n, seed, share=0.5):
    return np.random.default_rng(1_000 + seed).random(n) < share


def missed(kind, effect=0.0, trials=60, n=3_000, probability=0.95):
    count = 0
    for seed in range(trials):
        treated = drawn(n, seed)
        values = stream(kind, n, seed) * np.where(treated, 1.0 + effect, 1.0)
        quantiles, bad = AssignedQuantiles(probability, 0.5), False
        for i in range(0, n, 100):
            quantiles.extend(values[i : i + 100], treated[i : i + 100])
            found = quantiles.relative()
            bad = bad or (found is not None and not found.low <= effect <= found.high)
        count += bad
    return count


@pytest.mark.parametrize("kind", ["lognormal", "drift", "wild", "memory"])
def test_no_effect_is_held_at_all_looks_whatever_the_records(kind):
    assert missed(kind) <= 7  # of 60 at 5%: 8 or more in 1.1% of cases


@pytest.mark.parametrize(("effect", "probability"), [(-0.3, 0.95), (0.5, 0.5), (0.2, 0.99)])
def test_an_effect_is_held_at_all_looks(effect, probability):
    assert missed("lognormal", effect, probability=probability) <= 7


def test_memory_that_both_arms_share_does_not_widen():
    treated = drawn(6_000, 1)
    values = stream("memory", 6_000, 1) * np.where(treated, 0.8, 1.0)
    ours, one, other = AssignedQuantiles(0.95, 0.5), QuantileSequence(0.95), QuantileSequence(0.95)
    ours.extend(values, treated)
    one.extend(values[treated])
    other.extend(values[~treated])
    found, by_arms = ours.relative(), relative(one, other)
    assert found.high < 0.0
    assert by_arms is None or found.high - found.low < 0.5 * (by_arms.high - by_arms.low)


def test_how_records_are_cut_into_batches_does_not_matter():
    treated, values = drawn(1_000, 1), stream("lognormal", 1_000, 1)
    whole, parts = AssignedQuantiles(0.9, 0.5), AssignedQuantiles(0.9, 0.5)
    whole.extend(values, treated)
    for i in range(0, 1_000, 37):
        parts.extend(values[i : i + 37], treated[i : i + 37])
    assert whole.relative() == parts.relative()
    assert whole.estimate == parts.estimate


def test_the_estimate_lies_in_the_interval_and_comes_near_the_truth():
    treated = drawn(20_000, 3)
    quantiles = AssignedQuantiles(0.95, 0.5)
    quantiles.extend(stream("lognormal", 20_000, 3) * np.where(treated, 0.7, 1.0), treated)
    found = quantiles.relative()
    assert found.low < quantiles.estimate < found.high
    assert quantiles.estimate == pytest.approx(-0.3, abs=0.05)
    assert quantiles.control == pytest.approx(math.exp(0.5 * 1.645), rel=0.1)


def test_a_factor_beyond_the_grid_leaves_its_end_open():
    treated = drawn(2_000, 1)
    quantiles = AssignedQuantiles(0.5, 0.5)
    quantiles.extend(stream("lognormal", 2_000, 1) * np.where(treated, 1_000.0, 1.0), treated)
    assert quantiles.relative().high == math.inf
    assert quantiles.relative().low > 10.0


def test_nothing_is_said_before_the_first_look_nor_of_quantiles_at_or_below_zero():
    quantiles = AssignedQuantiles(0.5, 0.5)
    quantiles.extend(np.ones(FIRST_LOOK - 1), drawn(FIRST_LOOK - 1, 1))
    assert quantiles.relative() is None
    zeros = AssignedQuantiles(0.5, 0.5)
    zeros.extend(np.zeros(1_000), drawn(1_000, 1))
    assert zeros.relative() is None
    assert math.isnan(zeros.estimate)


def test_what_cannot_be_taken_is_refused():
    with pytest.raises(InputError, match="finite number"):
        AssignedQuantiles(0.5, 0.5).extend(np.array([np.inf]), np.array([True]))
    with pytest.raises(ConfigError, match="probability must lie between 0 and 1"):
        AssignedQuantiles(1.0, 0.5)
