"""Claims about the sketch; the oracle is numpy's own quantile of the values themselves."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from homeostat.core.histogram import Buckets, ExponentialHistogram
from homeostat.stats.sketch import (
    SCALE,
    SMALLEST,
    bucket_index,
    count,
    downscale,
    merge,
    quantiles,
    relative_error,
    sketch,
)

PROBABILITIES = np.linspace(0.0, 1.0, 201)
N = 5_000


def _draws() -> dict[str, NDArray[np.float64]]:
    rng = np.random.default_rng(7)
    return {
        "uniform": rng.uniform(0.0, 1.0, N),
        "normal": rng.normal(1_000.0, 5.0, N),
        "normal around zero": rng.normal(0.0, 1.0, N),
        "exponential": rng.exponential(20.0, N),
        "lognormal": rng.lognormal(3.0, 1.5, N),
        "pareto": rng.pareto(0.8, N) + 1.0,
        "gamma": rng.gamma(0.3, 2.0, N),
        "weibull": rng.weibull(0.5, N),
        "bimodal": np.concatenate((rng.normal(2.0, 0.1, N // 2), rng.normal(900.0, 9.0, N // 2))),
        "constant": np.full(N, 12.3),
        "powers of two": np.exp2(rng.integers(-900, 900, N).astype(np.float64)),
        "integers with zeros": rng.poisson(1.5, N).astype(np.float64),
        "cauchy": rng.standard_cauchy(N),
        "spikes": np.where(rng.random(N) < 0.01, 1e9, 1.0),
        "negative": -rng.lognormal(0.0, 2.0, N),
    }


DISTRIBUTIONS = _draws()

numbers = st.floats(allow_nan=False, allow_infinity=False, width=64)
samples = st.lists(numbers, min_size=1, max_size=200)


def histogram_equal(a: ExponentialHistogram, b: ExponentialHistogram) -> bool:
    """Count for count, whatever empty buckets either carries at its ends."""

    def counts(buckets: Buckets) -> dict[int, int]:
        return {buckets.offset + i: int(n) for i, n in enumerate(buckets.counts) if n}

    return (
        a.scale == b.scale
        and a.zero_count == b.zero_count
        and counts(a.positive) == counts(b.positive)
        and counts(a.negative) == counts(b.negative)
    )


def check_quantiles(values: NDArray[np.float64], probabilities: NDArray[np.float64]) -> None:
    exact = np.quantile(values, probabilities, method="lower")
    found = quantiles(sketch(values), probabilities, values.min(), values.max())
    exact = np.where(np.abs(exact) < SMALLEST, 0.0, exact)
    bound = relative_error(SCALE) * np.abs(exact) * (1 + 1e-9) + SMALLEST
    worst = np.argmax(np.abs(found - exact) - bound)
    assert (np.abs(found - exact) <= bound).all(), (probabilities[worst], exact[worst], found[worst])


@pytest.mark.parametrize("name", DISTRIBUTIONS)
def test_every_quantile_is_within_the_stated_relative_error(name: str) -> None:
    check_quantiles(DISTRIBUTIONS[name], PROBABILITIES)


@given(samples, st.lists(st.floats(0.0, 1.0), min_size=1, max_size=20))
def test_every_quantile_of_any_values_is_within_the_stated_relative_error(
    values: list[float], probabilities: list[float]
) -> None:
    exact_ranks = np.array(
        [math.floor(p * (len(values) - 1)) / max(len(values) - 1, 1) for p in probabilities]
    )
    ordered = np.sort(np.array(values))
    found = quantiles(sketch(values), probabilities, ordered[0], ordered[-1])
    for p, rank, value in zip(probabilities, exact_ranks, found, strict=True):
        exact = ordered[round(rank * max(len(values) - 1, 1))]
        exact = 0.0 if abs(exact) < SMALLEST else exact
        assert abs(value - exact) <= relative_error(SCALE) * abs(exact) * (1 + 1e-9) + SMALLEST, p


def test_the_stated_relative_error_is_below_0_55_percent() -> None:
    assert relative_error(SCALE) <= 0.0055


@given(samples, st.integers(0, 200))
def test_merging_two_halves_equals_the_whole(values: list[float], cut: int) -> None:
    assert histogram_equal(merge((sketch(values[:cut]), sketch(values[cut:]))), sketch(values))


@given(st.lists(samples, min_size=1, max_size=6), st.randoms(use_true_random=False))
def test_merging_is_independent_of_order_and_grouping(parts: list[list[float]], rng: object) -> None:
    sketches = [sketch(p) for p in parts]
    shuffled = list(sketches)
    rng.shuffle(shuffled)  # type: ignore[attr-defined]
    one_by_one = sketches[0]
    for part in sketches[1:]:
        one_by_one = merge((one_by_one, part))
    assert histogram_equal(merge(shuffled), one_by_one)


@given(samples, st.integers(-4, SCALE))
def test_downscaling_equals_counting_at_the_coarser_scale(values: list[float], scale: int) -> None:
    assert histogram_equal(downscale(sketch(values), scale), sketch(values, scale))


@given(samples, samples, st.integers(0, SCALE), st.integers(0, SCALE))
def test_merging_different_scales_equals_the_whole_at_the_coarser(
    a: list[float], b: list[float], scale_a: int, scale_b: int
) -> None:
    merged = merge((sketch(a, scale_a), sketch(b, scale_b)))
    assert histogram_equal(merged, sketch(a + b, min(scale_a, scale_b)))


def test_a_finer_scale_cannot_be_made_up() -> None:
    with pytest.raises(ValueError, match="finer scale 9"):
        downscale(sketch([1.0]), 9)


@given(samples)
def test_no_value_is_lost(values: list[float]) -> None:
    assert count(sketch(values)) == len(values)


@pytest.mark.parametrize("exponent", range(-1022, 1024, 31))
def test_a_power_of_two_belongs_to_the_bucket_that_it_closes(exponent: int) -> None:
    index = bucket_index(np.array([2.0**exponent]), SCALE)
    assert index[0] == exponent * 2**SCALE - 1


def test_zeros_and_denormals_count_as_zero() -> None:
    assert sketch([0.0, -0.0, 5e-324, -5e-324, 1.0]).zero_count == 4


def test_an_empty_histogram_has_no_quantiles() -> None:
    assert np.isnan(quantiles(sketch([]), [0.0, 0.5, 1.0])).all()
    assert count(merge(())) == 0


def test_the_extremes_are_the_known_minimum_and_maximum() -> None:
    values = [3.1, 4.1, 5.9]
    assert quantiles(sketch(values), [0.0, 1.0], 3.1, 5.9).tolist() == [3.1, 5.9]


@pytest.mark.parametrize("bad", [-0.1, 1.1, float("nan")])
def test_a_probability_outside_of_its_range_is_refused(bad: float) -> None:
    with pytest.raises(ValueError, match="probabilities must lie in"):
        quantiles(sketch([1.0]), [bad])
