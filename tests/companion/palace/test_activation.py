"""Base-level activation follows ACT-R's sum over all uses."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from homeostat.companion.palace.activation import base_level, strength

SECOND = 1_000_000
AGES = st.lists(st.integers(1, 10_000_000), min_size=1, max_size=40, unique=True)


def exact(ages_s: list[int], decay: float) -> float:
    """ACT-R's sum, with the age of each use in seconds."""
    return float(np.log(sum(float(age) ** -decay for age in ages_s)))


def approached(ages_s: list[int], decay: float) -> float:
    """What is computed from the first use, the last and their number."""
    now = 20_000_000 * SECOND
    first, last = now - max(ages_s) * SECOND, now - min(ages_s) * SECOND
    uses = np.array([len(ages_s) - 1])
    return float(base_level(uses, np.array([first]), np.array([last]), now, decay)[0])


@given(AGES.filter(lambda ages: len(ages) <= 2), st.floats(0.1, 0.9))
def test_it_is_exact_for_one_and_two_uses(ages: list[int], decay: float) -> None:
    assert approached(ages, decay) == pytest.approx(exact(ages, decay), abs=1e-6)


def test_uses_spread_evenly_are_met_within_a_twentieth_of_a_nat() -> None:
    for count in (5, 20, 100):
        ages = np.linspace(60, 30 * 86_400, count).astype(int).tolist()
        assert approached(ages, 0.5) == pytest.approx(exact(ages, 0.5), abs=0.05)


@given(AGES, st.integers(1, 1_000_000))
def test_it_falls_as_time_goes_by_and_is_never_more_than_its_recency_allows(
    ages: list[int], later: int
) -> None:
    assert approached([age + later for age in ages], 0.5) < approached(ages, 0.5) + 1e-9
    assert approached(ages, 0.5) <= np.log(len(ages) * min(ages) ** -0.5) + 1e-9


def test_a_clock_that_went_back_counts_as_now() -> None:
    now = 1_000 * SECOND
    later = np.array([5_000 * SECOND])
    assert base_level(np.array([0]), later, later, now, 0.5)[0] == 0.0


def test_strength_is_a_probability_that_rises_with_activation() -> None:
    found = strength(np.array([-50.0, -6.0, 0.0]))
    assert found[0] < 1e-6
    assert found[1] == 0.5
    assert found[2] > 0.99
