"""The law's numbers are recovered, with intervals that hold them."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from homeostat.stats.not_known import NotKnown
from homeostat.stats.scalability_law import ScalabilityLaw, scalability_law

LOADS = np.array([1.0, 2, 4, 8, 12, 16, 24, 32, 48, 64])


def known(found: ScalabilityLaw | NotKnown) -> ScalabilityLaw:
    assert isinstance(found, ScalabilityLaw), found
    return found


def throughput(sigma: float, kappa: float, gamma: float = 100.0) -> np.ndarray:
    return gamma * LOADS / (1.0 + sigma * (LOADS - 1.0) + kappa * LOADS * (LOADS - 1.0))


@given(
    sigma=st.one_of(st.just(0.0), st.floats(1e-3, 0.5)),
    kappa=st.one_of(st.just(0.0), st.floats(1e-5, 0.02)),
    gamma=st.floats(1e-3, 1e6),
)
@settings(max_examples=60, deadline=None)
def test_exact_measurements_give_exact_numbers(sigma: float, kappa: float, gamma: float) -> None:
    law = known(scalability_law(LOADS, throughput(sigma, kappa, gamma)))
    assert law.gamma == pytest.approx(gamma, rel=1e-6)
    assert law.sigma == pytest.approx(sigma, abs=1e-6)
    assert law.kappa == pytest.approx(kappa, abs=1e-7)
    if kappa > 0.0:
        assert law.peak_load == pytest.approx(max(math.sqrt((1.0 - sigma) / kappa), 1.0), rel=1e-2)


def coverage(sigma: float, kappa: float, noise: float, runs: int) -> list[float]:
    rng = np.random.default_rng(1)
    held = []
    for _ in range(runs):
        law = known(scalability_law(LOADS, throughput(sigma, kappa) * np.exp(noise * rng.normal(size=10))))
        peak = math.sqrt((1.0 - sigma) / kappa) if kappa else math.inf
        gain = (1.0 + sigma * 63 + kappa * 64 * 63) / (1.0 + kappa * 64 * 63) - 1.0
        held.append(
            [
                interval.low - 1e-12 <= true <= interval.high + 1e-12
                for interval, true in (
                    (law.sigma_interval, sigma),
                    (law.kappa_interval, kappa),
                    (law.peak_load_interval, peak),
                    (law.gain_without_contention_interval, gain),
                )
            ]
        )
    return [float(share) for share in np.mean(held, axis=0)]


CASES = [(0.03, 0.0005), (0.1, 0.0), (0.0, 0.001), (0.0, 0.0), (0.3, 0.01)]


@pytest.mark.parametrize(("sigma", "kappa"), CASES)
def test_intervals_hold_the_true_numbers(sigma: float, kappa: float) -> None:
    assert min(coverage(sigma, kappa, 0.05, 60)) >= 0.85


@pytest.mark.long
@pytest.mark.parametrize(("sigma", "kappa"), CASES)
@pytest.mark.parametrize("noise", [0.02, 0.1])
def test_intervals_hold_the_true_numbers_about_as_often_as_they_say(
    sigma: float, kappa: float, noise: float
) -> None:
    assert min(coverage(sigma, kappa, noise, 600)) >= 0.91


def test_a_wild_measurement_changes_little() -> None:
    rng = np.random.default_rng(2)
    measured = throughput(0.03, 0.0005) * np.exp(0.01 * rng.normal(size=10))
    measured[4] *= 0.3
    assert known(scalability_law(LOADS, measured)).peak_load == pytest.approx(44.0, rel=0.15)


def test_the_gain_is_that_of_the_law_without_the_term() -> None:
    law = known(scalability_law(LOADS, throughput(0.05, 0.001)))
    now, better = law.throughput(64.0), throughput(0.0, 0.001)[-1]
    assert law.gain_without_contention == pytest.approx(better / float(now) - 1.0, rel=1e-4)
    assert law.gain_without_coherency == pytest.approx(throughput(0.05, 0.0)[-1] / float(now) - 1.0, rel=1e-4)


def test_a_perfectly_scaling_system_has_no_peak() -> None:
    law = known(scalability_law(LOADS, 100.0 * LOADS))
    assert (law.sigma, law.kappa, law.peak_load) == (0.0, 0.0, math.inf)


@pytest.mark.parametrize(
    ("loads", "said"),
    [([1, 2, 3], "known at 3 loads"), ([10, 11, 12, 13, 14], "too close"), ([], "known at 0 loads")],
)
def test_what_cannot_be_told_says_why(loads: list[float], said: str) -> None:
    found = scalability_law(loads, [100.0] * len(loads))
    assert isinstance(found, NotKnown)
    assert said in found.reason


def test_zeros_gaps_and_negative_values_are_left_out() -> None:
    loads = np.concatenate((LOADS, [0.0, 5.0, 6.0, -1.0]))
    measured = np.concatenate((throughput(0.03, 0.0005), [10.0, float("nan"), 0.0, 50.0]))
    assert known(scalability_law(loads, measured)).sigma == pytest.approx(0.03, abs=1e-6)


def test_lists_of_different_lengths_are_an_error() -> None:
    with pytest.raises(ValueError, match="one length"):
        scalability_law([1.0, 2.0], [1.0])
