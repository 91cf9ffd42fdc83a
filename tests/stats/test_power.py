"""Claims about power: what is planned is what the confidence sequences, run, most often need."""

import math
from collections.abc import Callable
from statistics import NormalDist

import numpy as np
import pytest
from numpy.typing import NDArray

from homeostat.core.errors import ConfigError
from homeostat.stats.confidence_sequence import ConfidenceSequence
from homeostat.stats.mean_sequence import MeanSequence
from homeostat.stats.power import Mean, Measure, Proportion, Quantile, needed
from homeostat.stats.proportion_sequence import ProportionSequence
from homeostat.stats.quantile_sequence import QuantileSequence
from homeostat.stats.relative import relative

Floats = NDArray[np.float64]
Draw = Callable[[np.random.Generator, int, float], Floats]


def normal(random: np.random.Generator, n: int, effect: float) -> Floats:
    return (1.0 + effect) * random.normal(1.0, 0.5, n)


def exponential(random: np.random.Generator, n: int, effect: float) -> Floats:
    return (1.0 + effect) * random.exponential(1.0, n)


def lognormal(random: np.random.Generator, n: int, effect: float) -> Floats:
    return (1.0 + effect) * random.lognormal(0.0, 1.0, n)


def errors(random: np.random.Generator, n: int, effect: float) -> Floats:
    return (random.random(n) < 0.1 * (1.0 + effect)).astype(np.float64)


def memory(random: np.random.Generator, n: int, effect: float) -> Floats:
    """Return normal records whose neighbours correlate by .5."""
    noise = random.standard_normal(n)
    for k in range(1, n):
        noise[k] = 0.5 * noise[k - 1] + math.sqrt(0.75) * noise[k]
    return (1.0 + effect) * (1.0 + 0.5 * noise)


def run(
    make: Callable[[], ConfidenceSequence],
    draw: Draw,
    effect: float,
    *,
    share: float = 0.5,
    margin: float = 0.0,
    trials: int,
    most: int,
) -> Floats:
    """Return after how many requests trials have proven the effect, looked at after each 2% more."""
    found = []
    for seed in range(trials):
        random = np.random.default_rng(seed)
        treated, others = draw(random, round(most * share) + 1, effect), draw(random, most, 0.0)
        treatment, control = make(), make()
        n = 0
        while n < most:
            more = max(10, n // 50)
            treatment.extend(treated[round(n * share) : round((n + more) * share)])
            control.extend(others[n - round(n * share) : n + more - round((n + more) * share)])
            n += more
            apart = relative(treatment, control)
            if apart is not None and not apart.low <= margin <= apart.high:
                break
        else:
            n = 10**9
        found.append(n)
    return np.array(found, dtype=np.float64)


P95 = Quantile(0.95, lambda p: -math.log1p(-p))
P95_LOGNORMAL = Quantile(0.95, lambda p: math.exp(NormalDist().inv_cdf(p)))

PLANS: dict[str, tuple[Callable[[], ConfidenceSequence], Draw, Measure, float]] = {
    "mean of normal records": (MeanSequence, normal, Mean(1.0, 0.5), 0.1),
    "mean of exponential records": (MeanSequence, exponential, Mean(1.0, 1.0, skewness=2.0), -0.2),
    "mean of records with memory": (MeanSequence, memory, Mean(1.0, 0.5, inflation=3.0), 0.2),
    "errors": (ProportionSequence, errors, Proportion(0.1), 0.5),
    "p95 of exponential records": (QuantileSequence, exponential, P95, -0.3),
    "p95 of lognormal records": (QuantileSequence, lognormal, P95_LOGNORMAL, 0.4),
}


@pytest.mark.parametrize("name", ["mean of normal records", "errors", "p95 of exponential records"])
def test_about_as_many_requests_are_needed_as_planned(name: str) -> None:
    make, draw, measure, effect = PLANS[name]
    planned = needed(measure, effect)
    assert planned is not None
    found = run(make, draw, effect, trials=40, most=8 * planned)
    assert 0.65 < planned / float(np.median(found)) < 1.5  # the median of 40 is itself 15% off


@pytest.mark.long
@pytest.mark.parametrize("name", PLANS)
def test_the_median_is_right_within_a_fifth(name: str) -> None:
    make, draw, measure, effect = PLANS[name]
    planned = needed(measure, effect)
    assert planned is not None
    found = run(make, draw, effect, trials=400, most=8 * planned)
    assert 0.8 < planned / float(np.median(found)) < 1.2


@pytest.mark.long
def test_four_of_five_trials_are_done_by_the_requests_for_a_chance_of_80_percent() -> None:
    planned = needed(Mean(1.0, 0.5), 0.1, chance=0.8)
    assert planned is not None
    found = run(MeanSequence, normal, 0.1, trials=400, most=5 * planned)
    assert 0.7 < float(np.mean(found <= planned)) < 0.9


@pytest.mark.long
def test_a_guardrail_and_a_small_arm_are_planned_for_too() -> None:
    planned = needed(Mean(1.0, 0.5), 0.0, share=0.2, margin=0.1)
    assert planned is not None
    found = run(MeanSequence, normal, 0.0, share=0.2, margin=0.1, trials=200, most=8 * planned)
    assert 0.8 < planned / float(np.median(found)) < 1.25


def test_large_effects_wait_for_the_first_look_of_the_smaller_arm() -> None:
    assert needed(Mean(1.0, 0.1), 1.0) == 200
    assert needed(Mean(1.0, 0.1), 1.0, share=0.1) == 1_000


def test_less_of_everything_needs_more_requests() -> None:
    plain = needed(Mean(1.0, 0.5), 0.1)
    assert plain is not None
    for more in (
        needed(Mean(1.0, 0.5), 0.05),
        needed(Mean(1.0, 0.5, inflation=2.0), 0.1),
        needed(Mean(1.0, 0.5), 0.1, share=0.2),
        needed(Mean(1.0, 0.5), 0.1, confidence=0.99),
        needed(Mean(1.0, 0.5), 0.1, chance=0.8),
    ):
        assert more is not None
        assert more > 1.2 * plain


def test_hopeless_trials_are_told_from_long_ones() -> None:
    assert needed(Mean(1.0, 100.0), 1e-4) is None
    with pytest.raises(ConfigError, match=r"never proven"):
        needed(Mean(1.0, 0.5), 0.0)
    with pytest.raises(ConfigError, match=r"1\.8"):
        needed(Proportion(0.9), 1.0)
    with pytest.raises(ConfigError, match="share"):
        needed(Mean(1.0, 0.5), 0.1, share=0.0)
