"""Compressed rows lose little of what they find."""

import numpy as np
import pytest
from numpy.typing import NDArray

from homeostat.companion.palace.compressed import CompressedRows


def unit(rows: NDArray[np.float64]) -> NDArray[np.float32]:
    """Return rows of length one."""
    found: NDArray[np.float32] = (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)
    return found


def made(n: int, dimensions: int) -> NDArray[np.float32]:
    """Rows about 40 topics, as texts are."""
    rng = np.random.default_rng(5)
    topics = rng.normal(size=(40, dimensions))
    return unit(topics[rng.integers(0, 40, n)] + 0.9 * rng.normal(size=(n, dimensions)))


@pytest.mark.parametrize("dimensions", [3, 64, 384, 385])
def test_rows_come_back_nearly_and_with_the_right_product(dimensions: int) -> None:
    rows = made(200, dimensions)
    back = CompressedRows.of(rows).rows(np.arange(200))
    assert (np.linalg.norm(back - rows, axis=1) < 0.25).all()
    assert np.einsum("ij,ij->i", back, rows) == pytest.approx(np.ones(200), abs=1e-5)


def test_nine_of_ten_of_the_best_ten_are_found() -> None:
    rows = made(2_000, 384)
    held = CompressedRows.of(rows)
    found = []
    for query in rows[::100]:
        best = set(np.argsort(-(rows @ query))[:10].tolist())
        found.append(len(best & set(held.best(query, 10)[0].tolist())) / 10)
    assert np.mean(found) >= 0.9


def test_a_row_finds_itself_first_with_a_product_of_about_one() -> None:
    rows = made(1_000, 384)
    places, products = CompressedRows.of(rows).best(rows[123], 3)
    assert places[0] == 123
    assert products[0] == pytest.approx(1.0, abs=0.02)


def test_it_takes_less_than_a_sixth_of_floats() -> None:
    rows = made(1_000, 384)
    assert CompressedRows.of(rows).size_bytes * 6 < rows.nbytes


def test_blocks_joined_are_the_rows_in_their_order() -> None:
    rows = made(300, 64)
    whole = CompressedRows.of(rows)
    joined = CompressedRows.joined([CompressedRows.of(rows[:100]), CompressedRows.of(rows[100:])], 64)
    every = np.arange(300)
    assert joined.rows(every).tolist() == whole.rows(every).tolist()


def test_no_rows_and_zero_rows_are_no_trouble() -> None:
    assert len(CompressedRows.joined([], 0)) == 0
    assert CompressedRows.joined([], 8).best(np.ones(8, np.float32), 5)[0].tolist() == []
    zero = CompressedRows.of(np.zeros((2, 8), np.float32))
    assert zero.best(np.ones(8, np.float32), 5)[1].tolist() == [0.0, 0.0]
