"""Rows."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from homeostat.runtime.embed import rows as rows_module
from homeostat.runtime.embed.rows import cosines, to_rows, to_vectors


def unit_vectors(n: int, dimensions: int, seed: int = 0) -> NDArray[np.float32]:
    found: NDArray[np.float32] = np.random.default_rng(seed).standard_normal((n, dimensions), np.float32)
    found /= np.linalg.norm(found, axis=1, keepdims=True)
    return found


@pytest.mark.parametrize("dimensions", [64, 384, 1536])
def test_rounding_moves_a_cosine_by_what_is_documented_at_one_standard_deviation(dimensions: int) -> None:
    vectors, query = unit_vectors(4_000, dimensions), unit_vectors(1, dimensions, seed=1)[0]
    errors = cosines(to_rows(vectors), to_rows(query)) - vectors @ query
    assert errors.std() == pytest.approx(0.0193 / dimensions**0.5, rel=0.1)
    assert abs(errors.mean()) < 1e-4


@given(st.integers(1, 400), st.integers(1, 1_600), st.integers(0, 2**32 - 1))
@settings(max_examples=50, deadline=None)
def test_simsimd_and_numpy_find_the_same_as_exact_arithmetic(n: int, dimensions: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    rows = rng.integers(-127, 128, (n, dimensions)).astype(np.int8)
    query = rng.integers(-127, 128, dimensions).astype(np.int8)
    exact = rows.astype(np.int64) @ query.astype(np.int64)
    fast = rows_module._simsimd_products()
    assert fast is not None
    np.testing.assert_array_equal(fast(rows, query), exact)
    np.testing.assert_allclose(rows_module._numpy_products(rows, query), exact, rtol=1e-6, atol=2)


def test_without_simsimd_the_cosines_are_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    rows = to_rows(unit_vectors(3_000, 384))
    fast = cosines(rows, rows[7])
    monkeypatch.setattr(rows_module, "_simsimd_products", lambda: None)
    np.testing.assert_allclose(cosines(rows, rows[7]), fast, atol=1e-6)


def test_a_number_beyond_the_spread_is_cut_off_and_does_not_wrap() -> None:
    vector = np.zeros(384, np.float32)
    vector[[0, 1]] = 0.8, -0.6
    assert to_rows(vector)[:3].tolist() == [127, -127, 0]


def test_vectors_come_back_but_for_the_rounding() -> None:
    vectors = unit_vectors(100, 384)
    assert np.abs(to_vectors(to_rows(vectors)) - vectors).max() <= 6 / 384**0.5 / 127 / 2 + 1e-7


def test_no_rows_have_no_cosines() -> None:
    assert cosines(np.empty((0, 384), np.int8), np.zeros(384, np.int8)).shape == (0,)


def test_rows_that_are_not_contiguous_are_taken() -> None:
    rows = to_rows(unit_vectors(200, 384))
    np.testing.assert_array_equal(cosines(rows[::2], rows[0]), cosines(rows, rows[0])[::2])
