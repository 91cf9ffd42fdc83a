"""Four bits a number are enough to compare by."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from homeostat.companion.nibbles import COARSER, cosines, packed, unpacked, width
from homeostat.companion.search.packed_rows import PackedRows
from homeostat.runtime.embed.rows import step, to_rows


def vectors(count: int, dimensions: int, seed: int = 1) -> NDArray[np.float32]:
    rows = np.random.default_rng(seed).normal(size=(count, dimensions)).astype(np.float32)
    unit: NDArray[np.float32] = rows / np.linalg.norm(rows, axis=1, keepdims=True)
    return unit


@given(st.lists(st.lists(st.integers(-127, 127), min_size=7, max_size=7), min_size=1, max_size=5))
def test_a_number_comes_back_within_half_a_level(numbers: list[list[int]]) -> None:
    rows = np.array(numbers, np.int8)
    clipped = np.clip(rows.astype(int), -8 * COARSER, 7 * COARSER)
    assert np.abs(unpacked(packed(rows), 7).astype(int) - clipped).max() <= COARSER / 2


@pytest.mark.parametrize("dimensions", [1, 2, 7, 16, 384])
def test_cosines_are_those_of_the_unpacked_rows(dimensions: int) -> None:
    rows = to_rows(vectors(50, dimensions))
    query = to_rows(vectors(1, dimensions, 2)[0])
    kept = packed(rows)
    expected = unpacked(kept, dimensions).astype(int) @ query.astype(int) * step(dimensions) ** 2
    assert kept.shape == (50, width(dimensions))
    assert cosines(kept, query) == pytest.approx(expected, abs=1e-5)


def test_cosines_move_by_less_than_a_hundredth() -> None:
    known, asked = vectors(2_000, 384), vectors(1, 384, 2)[0]
    moved = cosines(packed(to_rows(known)), to_rows(asked)) - known @ asked
    assert moved.std() < 0.007


def test_rows_that_are_missing_are_told() -> None:
    rows = PackedRows(4)
    rows.reserve(5)
    assert (rows.complete, rows.here.tolist()) == (0, [False] * 5)
    some = to_rows(vectors(2, 4))
    rows.put(np.array([0, 2]), some)
    assert (rows.complete, rows.here.tolist()) == (1, [True, False, True, False, False])
    rows.put(np.array([1, 3]), some)
    assert rows.complete == 4
    rows.put(np.array([4]), some[:1])
    rows.reserve(6)
    assert (rows.complete, rows.here.tolist()) == (5, [True] * 5 + [False])


def test_no_rows_have_no_cosines() -> None:
    assert cosines(np.empty((0, 2), np.int8), np.zeros(4, np.int8)).shape == (0,)
