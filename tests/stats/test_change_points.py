import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from homeostat.stats.change_points import POINTS_MAX, POINTS_MIN, change_points

NOISES = ("normal", "lognormal", "t3", "AR(1) .5")


def noise(kind: str, rng: np.random.Generator, size: int) -> np.ndarray:
    if kind == "lognormal":
        return rng.lognormal(size=size)
    if kind == "t3":
        return rng.standard_t(3, size)
    values = rng.standard_normal(size + 50)
    if kind == "AR(1) .5":
        for i in range(1, values.size):
            values[i] += 0.5 * values[i - 1]
    return values[50:]


def indices(values: object) -> list[int]:
    return [change.index for change in change_points(values)]


def share_with_a_change(kind: str, size: int, series: int) -> float:
    rng = np.random.default_rng(11)
    return sum(bool(change_points(noise(kind, rng, size))) for _ in range(series)) / series


def values_until_told(rng: np.random.Generator) -> int:
    values = np.concatenate((rng.standard_normal(100), rng.standard_normal(60) + 2.0))
    return next((k for k in range(1, 61) if any(95 <= i <= 105 for i in indices(values[: 100 + k]))), 61)


@pytest.mark.parametrize("kind", NOISES)
def test_noise_without_a_change_has_one_told_in_at_most_5_percent(kind: str) -> None:
    assert share_with_a_change(kind, 100, 400) <= 0.05


@pytest.mark.long
@pytest.mark.parametrize("kind", NOISES)
@pytest.mark.parametrize("size", [30, 100, 300, 1_000])
def test_false_alarms_stay_within_6_percent_whatever_the_length(kind: str, size: int) -> None:
    assert share_with_a_change(kind, size, 600) <= 0.06


@pytest.mark.parametrize("chance", [0.02, 0.1, 0.5])
def test_counts_with_many_ties_raise_no_more_false_alarms(chance: float) -> None:
    rng = np.random.default_rng(12)
    told = [bool(change_points((rng.random(300) < chance).astype(float))) for _ in range(300)]
    assert sum(told) / len(told) <= 0.05


def test_a_step_of_two_sigma_is_told_after_four_values() -> None:
    rng = np.random.default_rng(13)
    assert np.median([values_until_told(rng) for _ in range(150)]) <= 4


def test_the_place_of_a_step_lies_in_its_interval() -> None:
    rng = np.random.default_rng(14)
    held = told = 0
    for _ in range(200):
        found = change_points(rng.standard_normal(120) + np.repeat([0.0, 2.0], [70, 50]))
        for change in found[:1]:
            told += 1
            held += change.low <= 70 <= change.high
            assert change.low <= change.index <= change.high
    assert told >= 195
    assert held / told >= 0.93


def test_all_of_nine_steps_in_10000_points_are_found_and_no_others() -> None:
    values = np.random.default_rng(15).standard_normal(10_000) + np.repeat(np.arange(10) % 2 * 3.0, 1_000)
    found = indices(values)
    assert len(found) == 9
    assert max(abs(i - 1_000 * k) for k, i in enumerate(found, 1)) <= 5


def test_spikes_are_no_change() -> None:
    rng = np.random.default_rng(16)
    for _ in range(50):
        values = rng.standard_normal(100)
        values[rng.integers(0, 98)] += 30.0
        values[50:52] -= 30.0
        assert not [c for c in change_points(values) if c.high - c.low < 3]


def test_a_ramp_is_not_told_as_a_staircase() -> None:
    rng = np.random.default_rng(17)
    told = [change_points(0.1 * np.arange(200) + rng.standard_normal(200)) for _ in range(100)]
    assert sum(map(bool, told)) <= 10


def test_where_a_leak_begins_is_told_with_its_rate() -> None:
    rng = np.random.default_rng(29)
    for _ in range(20):
        values = 500.0 + rng.standard_normal(200) + 0.3 * np.maximum(np.arange(200) - 100, 0)
        (change,) = change_points(values)
        assert change.kind == "slope"
        assert abs(change.index - 100) <= 5
        assert change.before == pytest.approx(0.0, abs=0.05)
        assert change.after == pytest.approx(0.3, abs=0.05)


def test_random_walks_and_straight_lines_have_no_turns() -> None:
    rng = np.random.default_rng(30)
    walks = [change_points(np.cumsum(rng.standard_normal(200))) for _ in range(100)]
    lines = [change_points(0.3 * np.arange(200) + noise("AR(1) .5", rng, 200)) for _ in range(100)]
    assert sum(map(bool, walks)) <= 6
    assert sum(map(bool, lines)) <= 5


def test_a_turn_of_the_slope_is_told_as_one() -> None:
    rng = np.random.default_rng(18)
    slopes = np.repeat([0.2, 1.0], [120, 80]) + 0.2 * rng.standard_normal(200)
    (change,) = change_points(np.cumsum(slopes))
    assert change.kind == "slope"
    assert abs(change.index - 120) <= 3
    assert change.before == pytest.approx(0.2, abs=0.1)
    assert change.after == pytest.approx(1.0, abs=0.1)


def test_a_change_in_a_million_points_is_placed_to_a_block() -> None:
    values = np.random.default_rng(19).standard_normal(1_000_000)
    values[700_000:] += 0.5
    (change,) = change_points(values)
    assert abs(change.index - 700_000) <= 6 * 1_000_000 // POINTS_MAX


@pytest.mark.parametrize("values", [[], [1.0], [np.nan] * 50, [3.0] * 100, list(range(POINTS_MIN - 1))])
def test_nothing_is_told_of_too_little(values: list[float]) -> None:
    assert change_points(values) == ()


def test_values_that_are_not_finite_are_left_out_and_indices_stay_those_of_the_series() -> None:
    values = np.random.default_rng(20).standard_normal(100) + np.repeat([0.0, 8.0], 50)
    gaps = np.insert(values, [10, 20, 30], [np.nan, np.inf, -np.inf])
    assert indices(values) == [50]
    assert indices(gaps) == [53]


def test_what_is_no_series_is_refused_by_name() -> None:
    with pytest.raises(ValueError, match=r"one series, not of shape \(2, 2\)"):
        change_points([[1.0, 2.0], [3.0, 4.0]])
    with pytest.raises(ValueError, match="false_alarms must lie between 0 and 1, not 0"):
        change_points([1.0] * 20, false_alarms=0.0)


@settings(deadline=None, max_examples=60)
@given(
    seed=st.integers(0, 2**32 - 1),
    jump=st.floats(-8.0, 8.0),
    exponent=st.integers(-30, 30),
    offset=st.integers(-1_000, 1_000),
)
def test_the_unit_does_not_matter(seed: int, jump: float, exponent: int, offset: int) -> None:
    values = np.random.default_rng(seed).integers(0, 1_000, 80) + np.repeat([0, round(jump * 100)], 40)
    assert indices((values + offset) * 2.0**exponent) == indices(values)


@settings(deadline=None, max_examples=60)
@given(st.integers(0, 2**32 - 1))
def test_up_and_down_are_alike(seed: int) -> None:
    values = np.random.default_rng(seed).standard_normal(90) + np.repeat([0.0, 3.0, 1.0], 30)
    assert indices(-values) == indices(values)


@settings(deadline=None, max_examples=60)
@given(st.integers(0, 2**32 - 1), st.floats(6.0, 50.0))
def test_a_large_step_is_found_from_either_end(seed: int, jump: float) -> None:
    values = np.random.default_rng(seed).uniform(-1.0, 1.0, 80) + np.repeat([0.0, jump], [30, 50])
    assert 30 in indices(values)
    assert 50 in indices(values[::-1])


@settings(deadline=None, max_examples=200)
@given(st.lists(st.floats(allow_nan=True, allow_infinity=True, width=64), max_size=60))
def test_any_numbers_give_ordered_changes_inside_the_series(values: list[float]) -> None:
    found = change_points(values)
    assert indices(values) == sorted({c.index for c in found})
    assert all(0 < c.index < len(values) and c.low <= c.index <= c.high for c in found)
