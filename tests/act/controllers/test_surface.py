"""The surface: what was measured is known, what was not stays open; equal values of two types differ."""

import numpy as np
import pytest

from homeostat.act.controllers.surface import Leg, Places, Surface
from homeostat.core.knob import Choices, Configuration, Floats, Knob

KNOBS = {
    "x": Knob("x", 0.5, Floats(0.0, 1.0)),
    "y": Knob("y", 0.5, Floats(0.0, 1.0)),
    "mode": Knob("mode", 1, Choices((1, True, "auto"))),
}
PLACES = Places(KNOBS)
START: Configuration = {"x": 0.2, "y": 0.5, "mode": 1}


def predicted(legs: list[Leg], *after: Configuration) -> tuple[list[float], list[float]]:
    means, spreads = Surface(PLACES, legs).predict(PLACES.of([START])[0], PLACES.of(after))
    return means.tolist(), spreads.tolist()


def test_values_that_are_equal_but_of_another_type_have_places_of_their_own() -> None:
    column = PLACES.names.index("mode")
    found = PLACES.of([{**START, "mode": value} for value in (1, True, "auto")])
    assert found[:, column].tolist() == [0.0, 0.5, 1.0]


def test_a_step_that_was_measured_is_known_to_its_error() -> None:
    there = {**START, "x": 0.5}
    (mean,), (spread,) = predicted([Leg(START, there, -0.3, 0.01)], there)
    assert mean == pytest.approx(-0.3, abs=0.02)
    assert spread == pytest.approx(0.01, abs=0.005)


def test_the_way_back_has_the_opposite_effect() -> None:
    there = {**START, "x": 0.5}
    (mean,), _ = predicted([Leg(there, START, 0.3, 0.01)], there)
    assert mean == pytest.approx(-0.3, abs=0.02)


def test_what_was_not_tried_stays_open() -> None:
    near, far = {**START, "x": 0.3}, {**START, "x": 1.0}
    legs = [Leg(START, {**START, "x": 0.35}, 0.0, 0.01)]
    _, (tried, untried) = predicted(legs, near, far)
    assert untried > 3 * tried
    _, (other,) = predicted(legs, {**START, "mode": "auto"})
    _, (before,) = predicted([], {**START, "mode": "auto"})
    assert other == pytest.approx(before, rel=0.05)


def test_a_step_to_where_one_is_has_no_effect() -> None:
    legs = [Leg(START, {**START, "x": 0.5}, -0.3, 0.01)]
    assert np.allclose(predicted(legs, START), 0.0, atol=1e-7)
