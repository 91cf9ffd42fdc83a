"""Claims about switchbacks: no false effects under memory and drift, true effects held at all looks."""

import math

import numpy as np
import pytest
from numpy.typing import NDArray

from homeostat.core.errors import ConfigError, InputError
from homeostat.stats.student import two_sided
from homeostat.stats.switchback import PAIRS_MIN, Switchback

Floats = NDArray[np.float64]


def noise(random: np.random.Generator, coefficient: float, blocks: int) -> Floats:
    """Return AR(1) noise of variance 1."""
    found = random.standard_normal(blocks)
    for k in range(1, blocks):
        found[k] = coefficient * found[k - 1] + math.sqrt(1.0 - coefficient**2) * found[k]
    return found


def ever(
    *, coefficient: float, drift: float, effect: float, trials: int, pairs: int = 40, relative: bool = False
) -> float:
    """Return the share of trials in which some look leaves out the true effect."""
    missed = 0
    for seed in range(trials):
        random = np.random.default_rng(seed)
        blocks = noise(random, coefficient, 2 * pairs) + drift * np.arange(2 * pairs)
        blocks = np.exp(0.1 * blocks) if relative else blocks
        trial = Switchback()
        for k, treated_first in enumerate((random.random(pairs) < 0.5).tolist()):
            first, second = blocks[2 * k : 2 * k + 2].tolist()
            treatment, control = (first, second) if treated_first else (second, first)
            trial.pair(treatment * (1.0 + effect) if relative else treatment + effect, control)
            found = trial.relative() if relative else trial.difference()
            if found is not None and not found.low <= effect <= found.high:
                missed += 1
                break
    return missed / trials


@pytest.mark.parametrize(("coefficient", "drift"), [(0.0, 0.0), (0.8, 0.0), (0.8, 0.3), (0.5, 5.0)])
def test_nothing_is_seldom_taken_for_an_effect(coefficient: float, drift: float) -> None:
    assert ever(coefficient=coefficient, drift=drift, effect=0.0, trials=400) <= 0.06


@pytest.mark.long
@pytest.mark.parametrize("coefficient", [0.0, 0.5, 0.8, 0.95])
def test_at_most_five_percent_of_trials_without_an_effect_ever_show_one(coefficient: float) -> None:
    assert ever(coefficient=coefficient, drift=0.0, effect=0.0, trials=4_000, pairs=60) <= 0.035
    assert ever(coefficient=coefficient, drift=0.3, effect=0.0, trials=4_000, pairs=60) <= 0.05


@pytest.mark.parametrize("effect", [-0.3, 0.2])
def test_a_relative_effect_is_held_under_memory_and_drift(effect: float) -> None:
    assert ever(coefficient=0.8, drift=0.05, effect=effect, trials=300, relative=True) <= 0.05


def test_an_effect_as_large_as_a_pairs_deviation_is_proven_after_some_thirteen_pairs() -> None:
    needed = []
    for seed in range(200):
        random, trial = np.random.default_rng(seed), Switchback()
        for _ in range(100):
            trial.pair(float(random.normal(1.0)), 0.0)
            found = trial.difference()
            if found is not None and found.low > 0.0:
                break
        needed.append(trial.pairs)
    assert 10 <= float(np.median(needed)) <= 16


def test_the_boundary_is_that_of_the_mixture_of_t_distributions() -> None:
    values = [0.3, 1.4, -0.2, 0.9, 0.8, 1.9, 0.1, 0.4]
    trial = Switchback()
    for value in values:
        trial.pair(5.0 + value, 5.0)
    found = trial.difference()
    assert found is not None
    n, mean, error = (
        len(values),
        float(np.mean(values)),
        float(np.std(values, ddof=1)) / math.sqrt(len(values)),
    )
    assert found.low + found.high == pytest.approx(2.0 * mean)
    t = (found.high - mean) / error
    assert 4.1 < t < 4.3
    assert two_sided(t, n - 1) < 0.01
    at = np.linspace(
        -60.0, 60.0, 400_001
    )  # the effect in standard deviations: its likelihood ratio, averaged
    sizes = np.exp(-at * at / 20.0)
    scales = np.exp(np.linspace(-6.0, 6.0, 301))
    u = t / math.sqrt(n)  # the mean, where the sample's deviation is 1
    squares = (n - 1) + n * u * u
    null = float(np.sum(scales**-n * np.exp(-squares / (2 * scales**2))))
    coarse = at[::1_000]
    log_likelihood = -n * np.log(scales)[:, None] - (
        squares - 2 * n * u * coarse * scales[:, None] + n * coarse**2 * scales[:, None] ** 2
    ) / (2 * scales[:, None] ** 2)
    average = float((np.exp(log_likelihood).sum(axis=0) * sizes[::1_000]).sum() / sizes[::1_000].sum())
    assert average / null == pytest.approx(15.08, rel=0.01)


def test_the_relative_interval_does_not_depend_on_units() -> None:
    random = np.random.default_rng(3)
    one, thousand = Switchback(), Switchback()
    for _ in range(10):
        control, treatment = float(random.uniform(10.0, 20.0)), float(random.uniform(8.0, 16.0))
        one.pair(treatment, control)
        thousand.pair(1_000.0 * treatment, 1_000.0 * control, 5.0, 5.0)
    first, second = one.relative(), thousand.relative()
    assert first is not None
    assert second is not None
    assert (first.low, first.high) == pytest.approx((second.low, second.high))
    assert first.low < one.relative_estimate < first.high


def test_blocks_of_little_weight_count_little() -> None:
    trial = Switchback()
    for _ in range(10):
        trial.pair(2.0, 1.0, 100.0, 100.0)
    trial.pair(50.0, 1.0, 0.01, 100.0)
    assert trial.difference_estimate == pytest.approx(1.0, abs=0.01)


def test_before_six_pairs_and_for_a_control_that_may_be_zero_nothing_is_said() -> None:
    random, trial = np.random.default_rng(4), Switchback()
    for _ in range(PAIRS_MIN - 1):
        trial.pair(1.0, 2.0)
        assert trial.difference() is None
    for _ in range(20):
        trial.pair(float(random.normal()), float(random.normal()))
    assert trial.relative() is None
    assert trial.difference() is not None


def test_higher_confidence_waits_for_more_pairs() -> None:
    assert Switchback(0.99).pairs_min == 9
    assert Switchback(0.999).pairs_min == 12


def test_what_makes_no_sense_is_refused_with_its_value() -> None:
    with pytest.raises(ConfigError, match="95"):
        Switchback(95.0)
    with pytest.raises(InputError, match="nan"):
        Switchback().pair(math.nan, 1.0)
    with pytest.raises(InputError, match="weights"):
        Switchback().pair(1.0, 1.0, 0.0, 5.0)
