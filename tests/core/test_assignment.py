"""Claims about assignment: uniform, stable, monotone in the share, independent between trials."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from homeostat.core.assignment import assign, assign_many, unit_number
from homeostat.core.errors import InputError
from homeostat.core.plant import CONTROL, TREATMENT

NUMBERS = st.integers(0, 2**64 - 1)
SHARES = st.floats(0.0, 1.0)
N = 200_000


def z_of(successes: int, n: int, share: float) -> float:
    return float((successes - n * share) / np.sqrt(n * share * (1 - share)))


@given(trial=st.text(), units=st.lists(NUMBERS, min_size=1), share=SHARES)
def test_many_units_get_the_arms_that_each_gets_alone(trial: str, units: list[int], share: float) -> None:
    together = assign_many(trial, np.array(units, np.uint64), share)
    assert together.dtype == np.int8
    assert together.tolist() == [assign(trial, unit, share) for unit in units]


@given(trial=st.text(), unit=st.text() | st.binary() | st.integers(), low=SHARES, high=SHARES)
def test_a_larger_share_takes_nobody_out_of_the_treatment(
    trial: str, unit: str | bytes | int, low: float, high: float
) -> None:
    low, high = sorted((low, high))
    assert assign(trial, unit, low) <= assign(trial, unit, high)


def test_nobody_is_treated_at_share_0_and_everybody_at_1() -> None:
    units = np.arange(1_000, dtype=np.uint64)
    assert set(assign_many("t", units, 0.0).tolist()) == {CONTROL}
    assert set(assign_many("t", units, 1.0).tolist()) == {TREATMENT}


def test_an_assignment_is_the_same_in_every_process_and_release() -> None:
    assert [assign("trial-1", f"user-{i}", 0.5) for i in range(12)] == [0, 1, 0, 0, 1, 0, 0, 1, 1, 1, 0, 1]
    assert unit_number("é") == unit_number("é".encode())


@pytest.mark.parametrize("share", [0.05, 0.5, 0.8])
def test_the_share_of_the_treatment_is_as_asked_for_whatever_the_units_look_like(share: float) -> None:
    families = {
        "counted": np.arange(N, dtype=np.uint64),
        "stepped": np.arange(N, dtype=np.uint64) << np.uint64(32),
        "texts": np.array([unit_number(f"user-{i}") for i in range(N // 10)], np.uint64),
    }
    for units in families.values():
        treated = sum(int(assign_many(f"trial-{t}", units, share).sum()) for t in range(10))
        assert abs(z_of(treated, 10 * len(units), share)) < 4.5


def test_the_arms_of_200_trials_are_balanced_as_a_fair_coin_would_be() -> None:
    units = np.arange(10_000, dtype=np.uint64)
    z = [z_of(int(assign_many(f"t{t}", units, 0.5).sum()), len(units), 0.5) for t in range(200)]
    assert abs(np.mean(z)) < 0.32
    assert 0.8 < np.std(z) < 1.2


def test_trials_are_independent_of_each_other_and_of_neighbouring_units() -> None:
    units = np.arange(N, dtype=np.uint64)
    arms = np.stack([assign_many(f"trial-{t}", units, 0.5).astype(float) for t in range(20)])
    apart = np.corrcoef(arms)[np.triu_indices(20, 1)] * np.sqrt(N)
    assert np.abs(apart).max() < 4.5
    for lag in (1, 2, 7, 64):
        along = [np.corrcoef(row[lag:], row[:-lag])[0, 1] * np.sqrt(N - lag) for row in arms]
        assert np.abs(along).max() < 4.5


@pytest.mark.parametrize("share", [-0.1, 1.1, float("nan")])
def test_what_is_no_share_is_refused(share: float) -> None:
    with pytest.raises(InputError, match="share"):
        assign("t", 1, share)
