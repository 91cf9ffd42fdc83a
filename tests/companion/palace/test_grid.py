"""The grid answers as looking at every point does."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.typing import NDArray

from homeostat.companion.palace.grid import WAITING_MIN, Grid

COORDINATES = st.one_of(
    st.floats(-20, 20, width=32), st.sampled_from([0.0, 1.0, -1.0, 5.0]), st.floats(-1e4, 1e4, width=32)
)
POINTS = st.integers(0, 80).flatmap(lambda n: arrays(np.float32, (n, 3), elements=COORDINATES))
POINT = arrays(np.float32, 3, elements=COORDINATES)


def squares(points: NDArray[np.float32], at: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return squared distances, added up in the order in which the grid does."""
    apart = points - at
    x, y, z = apart[:, 0], apart[:, 1], apart[:, 2]
    return np.asarray(x * x + y * y + z * z)


def grown(points: NDArray[np.float32], first: int) -> Grid:
    """Return a grid of the first points to which the others were added."""
    grid = Grid(points[:first])
    grid.add(points[first:])
    return grid


@settings(max_examples=200)
@given(POINTS, POINT, POINT, st.integers(0, 80))
def test_a_box_holds_what_is_between_its_corners_and_on_them(
    points: NDArray[np.float32], a: NDArray[np.float32], b: NDArray[np.float32], first: int
) -> None:
    low, high = np.minimum(a, b), np.maximum(a, b)
    expected = np.flatnonzero(((points >= low) & (points <= high)).all(1))
    assert grown(points, first).box(low, high).tolist() == expected.tolist()


@settings(max_examples=200)
@given(POINTS, POINT, st.floats(0, 50, width=32), st.integers(0, 80))
def test_a_sphere_holds_what_is_at_most_its_radius_away(
    points: NDArray[np.float32], centre: NDArray[np.float32], radius: float, first: int
) -> None:
    expected = np.flatnonzero(squares(points, centre) <= np.float32(radius) ** 2)
    assert grown(points, first).sphere(centre, radius).tolist() == expected.tolist()


@settings(max_examples=200)
@given(POINTS, POINT, st.integers(1, 20), st.integers(0, 80))
def test_the_nearest_are_nearest_and_equals_come_in_their_order(
    points: NDArray[np.float32], centre: NDArray[np.float32], k: int, first: int
) -> None:
    apart = squares(points, centre)
    expected = np.lexsort((np.arange(len(points)), apart))[:k]
    assert grown(points, first).nearest(centre, k).tolist() == expected.tolist()


def test_a_box_with_corners_the_wrong_way_round_is_empty() -> None:
    grid = Grid(np.zeros((5, 3), np.float32))
    assert grid.box(np.ones(3, np.float32), -np.ones(3, np.float32)).tolist() == []


@pytest.mark.parametrize("count", [1, WAITING_MIN, 5_000])
def test_points_added_one_by_one_are_found_like_those_of_the_beginning(count: int) -> None:
    rng = np.random.default_rng(7)
    points = rng.normal(0, 5, (count, 3)).astype(np.float32)
    grid = Grid(np.zeros((0, 3), np.float32))
    for point in points:
        grid.add(point)
    assert len(grid) == count
    centre = points[0]
    expected = np.argsort(squares(points, centre), kind="stable")[:10]
    assert grid.nearest(centre, 10).tolist() == expected.tolist()
    assert grid.points.tolist() == points.tolist()


def test_a_far_centre_finds_the_nearest_too() -> None:
    points = np.random.default_rng(3).normal(0, 1, (2_000, 3)).astype(np.float32)
    far = np.array([900.0, -700.0, 50.0], np.float32)
    expected = np.lexsort((np.arange(2_000), squares(points, far)))[:5]
    assert Grid(points).nearest(far, 5).tolist() == expected.tolist()
