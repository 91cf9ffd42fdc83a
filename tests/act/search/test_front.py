"""The front: what dominates what, and how crowded it is."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from homeostat.act.search.front import crowding, front, ranks

ROWS = st.lists(st.tuples(st.integers(0, 6), st.integers(0, 6), st.integers(0, 6)), min_size=1, max_size=25)


def dominates(a: tuple[int, ...], b: tuple[int, ...]) -> bool:
    return all(x <= y for x, y in zip(a, b, strict=True)) and a != b


@given(ROWS)
def test_the_first_front_is_what_nobody_dominates(rows: list[tuple[int, ...]]) -> None:
    found = ranks(rows)
    for row, rank in zip(rows, found, strict=True):
        assert (rank == 0) == (not any(dominates(other, row) for other in rows))


@given(ROWS)
def test_each_later_front_is_dominated_by_the_one_before_only(rows: list[tuple[int, ...]]) -> None:
    found = ranks(rows)
    for row, rank in zip(rows, found, strict=True):
        above = [o for o, r in zip(rows, found, strict=True) if r == rank - 1]
        same = [o for o, r in zip(rows, found, strict=True) if r == rank]
        assert rank == 0 or any(dominates(o, row) for o in above)
        assert not any(dominates(o, row) for o in same)


@given(ROWS, st.lists(st.integers(0, 3), min_size=25, max_size=25))
def test_what_holds_its_targets_comes_before_all_that_breaks_them(
    rows: list[tuple[int, ...]], broken: list[int]
) -> None:
    lost = np.array(broken[: len(rows)])
    found = ranks(rows, lost)
    order = [lost[found == number].max() for number in range(found.max() + 1)]
    assert order == sorted(order)
    if (lost == 0).any():
        assert all(lost[i] == 0 for i in front(rows, lost))


def test_the_ends_of_a_front_have_all_the_room_and_neighbours_share() -> None:
    found = crowding([[0.0, 10.0], [1.0, 9.0], [2.0, 2.0], [10.0, 0.0]])
    assert np.isinf(found[[0, 3]]).all()
    assert found[2] > found[1]


def test_equal_rows_are_on_the_front_once_in_order_of_the_first_objective() -> None:
    assert front([[2, 1], [1, 2], [2, 1], [3, 3]]) == [1, 0]
