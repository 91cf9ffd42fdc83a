"""What a measurement is, and how far beyond a bound it lies."""

import math

import pytest

from homeostat.act.search.search import Measured, violation
from homeostat.core.errors import InputError


def test_a_violation_is_above_0_exactly_where_the_bound_is_broken() -> None:
    assert violation(250.0, 200.0) == pytest.approx(0.25)
    assert violation(200.0, 200.0) == 0.0
    assert violation(0.6, 0.8, upper=False) == pytest.approx(0.25)
    assert violation(-1.0, -2.0) > 0 > violation(-3.0, -2.0)


def test_a_bound_of_nothing_is_refused() -> None:
    with pytest.raises(InputError, match="other than 0"):
        violation(1.0, 0.0)


def test_a_failed_measurement_is_infinite_and_nan_is_refused() -> None:
    assert Measured((math.inf,), (math.inf,)).failed
    assert not Measured((1.0,), (-0.5, 0.25)).failed
    assert Measured((1.0,), (-0.5, 0.25)).broken == 0.25
    for bad in (((math.nan,), ()), ((), ()), ((1.0,), (-math.inf,))):
        with pytest.raises(InputError):
            Measured(*bad)


def test_errors_are_as_many_as_values() -> None:
    with pytest.raises(InputError, match="errors"):
        Measured((1.0,), (0.1,), errors=(0.1,))
