"""The space: configurations as points, and back."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from homeostat.act.search.space import Space
from homeostat.core.errors import InputError
from homeostat.core.knob import Choices, Floats, Integers, Knob

KNOBS = {
    "batch": Knob("batch", 8, Integers(1, 64, log=True)),
    "share": Knob("share", 0.5, Floats(0.0, 1.0)),
    "engine": Knob("engine", "a", Choices(("a", "b", "c"))),
    "fast": Knob("fast", False, Choices((False, True))),
    "large": Knob("large", 10, Integers(0, 1_000_000)),
}


@given(st.lists(st.floats(0, 1), min_size=5, max_size=5))
def test_a_snapped_point_is_the_place_of_its_configuration(position: list[float]) -> None:
    space = Space({k: v for k, v in KNOBS.items() if k != "large"})
    snapped = space.snapped(np.array([position[:4]]))
    np.testing.assert_allclose(snapped[0], space.point(space.at(snapped[0])), atol=1e-8)
    assert np.abs(snapped[0] - position[:4])[1] < 1e-8


def test_equal_configurations_are_one_point() -> None:
    space = Space({"fast": KNOBS["fast"]})
    assert space.snapped(np.array([[0.1], [0.2], [0.9]])).tolist() == [[0.0], [1.0]]


def test_texts_get_a_column_each_and_numbers_keep_theirs() -> None:
    space = Space(KNOBS)
    features = space.features(np.array([space.point(space.default)]))
    assert features.shape == (1, 1 + 1 + 3 + 1 + 1)
    assert features[0, 2:5].tolist() == [1.0, 0.0, 0.0]


def test_a_missing_knob_is_named() -> None:
    with pytest.raises(InputError, match="share"):
        Space(KNOBS).point({"batch": 8, "engine": "a", "fast": False, "large": 1})


def test_a_filling_covers_each_knob_evenly() -> None:
    points = Space(KNOBS).filling(20, np.random.default_rng(1))
    for column in points.T:
        assert sorted((column * 20).astype(int).tolist()) == list(range(20))
