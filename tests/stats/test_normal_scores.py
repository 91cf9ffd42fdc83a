from statistics import NormalDist

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from homeostat.stats.autoregression import phi_of_differences, phi_of_residuals, whiten
from homeostat.stats.normal_scores import normal_quantile, normal_scores


def autoregressive(rng: np.random.Generator, phi: float, size: int) -> np.ndarray:
    values = rng.standard_normal(size)
    for i in range(1, size):
        values[i] += phi * values[i - 1]
    return values


@given(st.floats(1e-300, 1.0 - 1e-12))
def test_quantiles_are_those_of_the_standard_library(probability: float) -> None:
    exact = NormalDist().inv_cdf(probability)
    assert normal_quantile(probability) == pytest.approx(exact, rel=1e-8, abs=1e-8)


@given(arrays(np.int64, (3, 40), elements=st.integers(-5, 5)))
def test_scores_never_contradict_order_and_ties_stay_ties(rows: np.ndarray) -> None:
    for row, scored in zip(rows, normal_scores(rows), strict=True):
        first, second = np.triu_indices(row.size, 1)
        apart, scores_apart = row[first] - row[second], scored[first] - scored[second]
        assert (np.sign(apart) * np.sign(scores_apart) >= 0).all()
        assert not scores_apart[apart == 0].any()


@given(arrays(np.float64, (2, 100), elements=st.integers(0, 10**6), unique=True))
def test_scores_of_ranks_are_those_of_values(rows: np.ndarray) -> None:
    ranks = rows.argsort(axis=1).argsort(axis=1).astype(np.uint16)
    assert np.array_equal(normal_scores(ranks, tied=False), normal_scores(rows, tied=False))
    assert normal_scores(rows) == pytest.approx(normal_scores(rows, tied=False))


@pytest.mark.parametrize("phi", [0.0, 0.5, 0.8])
def test_autocorrelation_is_found_on_both_ways(phi: float) -> None:
    rng = np.random.default_rng(5)
    series = [autoregressive(rng, phi, 200) for _ in range(100)]
    residuals = [phi_of_residuals(x - np.median(x), 1) for x in series]
    jumping = [phi_of_differences(x + np.repeat([0.0, 20.0, 5.0, 0.0], 50)) for x in series]
    assert np.mean(residuals) == pytest.approx(phi, abs=0.04)
    assert np.median(jumping) == pytest.approx(phi, abs=0.12)


def test_whitening_undoes_autoregression() -> None:
    noise = np.random.default_rng(6).standard_normal(50)
    values = noise.copy()
    for i in range(1, 50):
        values[i] += 0.5 * values[i - 1]
    assert whiten(values, 0.5)[1:] == pytest.approx(noise[1:])
