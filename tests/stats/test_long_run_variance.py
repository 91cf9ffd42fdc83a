"""Claims about the long-run variance: chunks do not matter, batches are what they say, memory is found."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from homeostat.stats.long_run_variance import LongRunVariance

Floats = NDArray[np.float64]


def folded(values: Floats, *cuts: int) -> LongRunVariance:
    memory = LongRunVariance()
    for piece in np.split(values, sorted(cuts)):
        memory.fold(piece)
    return memory


def autoregression(coefficient: float, n: int, seed: int) -> Floats:
    noise = np.random.default_rng(seed).standard_normal(n)
    for k in range(1, n):
        noise[k] = coefficient * noise[k - 1] + math.sqrt(1.0 - coefficient**2) * noise[k]
    return noise


@given(st.integers(1, 300), st.lists(st.integers(0, 300), max_size=8))
def test_how_the_samples_are_cut_into_chunks_does_not_matter(n: int, cuts: list[int]) -> None:
    values = np.random.default_rng(n).normal(0.0, 1.0, n)
    whole, cut = folded(values), folded(values, *(min(c, n) for c in cuts))
    assert cut.n == whole.n
    assert cut._counts == whole._counts
    assert cut._squares == pytest.approx(whole._squares, rel=1e-9)
    assert cut._products == pytest.approx(whole._products, rel=1e-9, abs=1e-9)
    assert cut.inflation() == pytest.approx(whole.inflation(), rel=1e-6)


@pytest.mark.parametrize("n", [64, 1_000, 1_023])
def test_batches_of_each_size_have_the_variance_of_their_sums(n: int) -> None:
    values = autoregression(0.6, n, 1) + 3.0
    memory = folded(values, 10, 33)
    for level in range(4):
        size = 2**level
        sums = values[: n // size * size].reshape(-1, size).sum(axis=1)
        assert memory._variance(level) == pytest.approx(sums.var(ddof=1) / size, rel=1e-9)
    deviations = values - values.mean()
    assert memory._neighbours() == pytest.approx(deviations[1:] @ deviations[:-1], rel=1e-9)


@pytest.mark.parametrize("coefficient", [0.0, 0.5, 0.8, 0.9])
def test_the_inflation_of_an_autoregression_is_found_and_rarely_missed(coefficient: float) -> None:
    truth = (1.0 + coefficient) / (1.0 - coefficient)
    found = [folded(autoregression(coefficient, 2_000, seed)).inflation() for seed in range(60)]
    assert 0.9 * truth <= np.median(found) <= 1.5 * truth
    assert np.mean(np.array(found) > 0.8 * truth) > 0.9


def test_memory_that_neighbours_hardly_show_is_found_by_larger_batches() -> None:
    noise = np.random.default_rng(3).standard_normal(20_000)
    values = 0.5 * autoregression(0.95, 20_000, 2) + math.sqrt(0.75) * noise
    by_neighbours = 1.0 + 2.0 * 0.2375 / (1.0 - 0.2375)
    assert by_neighbours < 2.0
    assert folded(values).inflation() > 7.5  # 10.5 in truth


def test_neighbours_that_repel_each_other_do_not_narrow() -> None:
    assert folded(autoregression(-0.6, 1_000, 4)).inflation() == 1.0


@pytest.mark.parametrize("values", [[], [1.0], [2.0] * 500, [0.0] * 500])
def test_what_has_no_variance_has_no_inflation(values: list[float]) -> None:
    assert folded(np.array(values, dtype=np.float64)).inflation() == 1.0


def test_hits_that_were_never_seen_are_expected_in_runs() -> None:
    values = np.zeros(500)
    assert LongRunVariance().inflation_of_hits() == 1.0
    assert folded(values).inflation_of_hits() == folded(values + 1.0).inflation_of_hits() == 2.5


def test_hits_are_at_most_all_one() -> None:
    values = np.zeros(300)
    values[100:103] = 1.0
    assert folded(values).inflation_of_hits() == 3.0


@pytest.mark.parametrize("shift", [0.0, 5.0, -1e3])
def test_two_streams_absorbed_are_their_moments_about_one_origin(shift: float) -> None:
    one, other = autoregression(0.7, 1_024, 5), autoregression(0.7, 2_048, 6)
    joined = folded(one)
    joined.absorb(folded(other - shift), shift)
    whole = folded(np.concatenate((one, other)))
    assert joined._sums[0] == pytest.approx(whole._sums[0], rel=1e-6, abs=1e-6)
    assert joined._squares[:8] == pytest.approx(whole._squares[:8], rel=1e-6)
    assert joined.inflation() == pytest.approx(whole.inflation(), rel=0.02)


def test_a_state_that_was_kept_goes_on() -> None:
    values = autoregression(0.5, 777, 7)
    memory = folded(values[:333])
    back = LongRunVariance.restore(memory.state())
    memory.fold(values[333:])
    back.fold(values[333:])
    assert back.state() == memory.state()
