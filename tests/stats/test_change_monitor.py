import math
from dataclasses import replace

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from homeostat.stats.change_monitor import WARM_UP, Change, ChangeMonitor, MonitorState

STABLE = 200


def told(values: np.ndarray, run_length: float = 1_000.0) -> list[Change]:
    monitor = ChangeMonitor(run_length)
    return [change for value in values.tolist() if (change := monitor.update(value))]


def noise(kind: str, rng: np.random.Generator, size: int) -> np.ndarray:
    if kind == "lognormal":
        return rng.lognormal(size=size)
    if kind == "t3":
        return rng.standard_t(3, size)
    values = rng.standard_normal(size)
    if kind == "AR(1) .5":
        for i in range(1, size):
            values[i] += 0.5 * values[i - 1]
    return values


def average_run_length(kind: str, series: int, longest: int = 10_000) -> float:
    """Values passed for each false alarm; series that reach their end without one count as values only."""
    rng = np.random.default_rng(21)
    first = [next((c.at + 1 for c in told(noise(kind, rng, longest))), None) for _ in range(series)]
    return sum(longest if n is None else n for n in first) / max(sum(n is not None for n in first), 1)


def first_change_after_a_step(rng: np.random.Generator, sigmas: float) -> Change | None:
    values = rng.standard_normal(STABLE + 80)
    values[STABLE:] += sigmas
    return next((c for c in told(values) if c.at >= STABLE), None)


def test_the_average_run_length_is_at_least_as_stated() -> None:
    assert average_run_length("normal", 25) >= 1_000


@pytest.mark.long
@pytest.mark.parametrize("kind", ["normal", "lognormal", "t3", "AR(1) .5"])
def test_the_average_run_length_holds_for_every_noise(kind: str) -> None:
    assert average_run_length(kind, 200) >= 1_000


@pytest.mark.long
@pytest.mark.parametrize("run_length", [300, 5_000])
def test_another_run_length_is_kept_as_well(run_length: int) -> None:
    rng = np.random.default_rng(22)
    size = 4 * run_length
    first = [next((c.at for c in told(rng.standard_normal(size), run_length)), None) for _ in range(60)]
    assert sum(size if n is None else n for n in first) / sum(n is not None for n in first) >= run_length


def test_a_step_of_two_sigma_is_told_after_four_values() -> None:
    rng = np.random.default_rng(23)
    found = [first_change_after_a_step(rng, 2.0) for _ in range(300)]
    assert np.median([c.at - STABLE + 1 for c in found if c]) <= 4
    assert sum(c is None for c in found) <= 0.02 * len(found)


def test_the_beginning_and_the_size_lie_in_their_intervals() -> None:
    rng = np.random.default_rng(24)
    found = [c for _ in range(150) if (c := first_change_after_a_step(rng, 2.0))]
    assert np.mean([c.low <= STABLE <= c.high for c in found]) >= 0.85
    sizes = [c.shift.difference_interval for c in found if c.shift]
    assert np.mean([s.low <= 2.0 <= s.high for s in sizes]) >= 0.85


def test_one_change_is_told_once_and_what_else_is_told_are_false_alarms() -> None:
    rng = np.random.default_rng(25)
    steps = [np.concatenate((rng.standard_normal(100), rng.standard_normal(100) + 6)) for _ in range(300)]
    counts = [len(told(values)) for values in steps]
    assert min(counts) == 1
    assert np.mean(counts) <= 1.2


def test_a_wild_value_is_not_told() -> None:
    rng = np.random.default_rng(26)
    alarms = 0
    for _ in range(150):
        values = rng.standard_normal(STABLE + 8)
        values[STABLE] = 1_000.0
        alarms += any(c.at >= STABLE for c in told(values))
    assert alarms / 150 <= 0.06


def test_a_change_during_the_warm_up_is_told_at_its_end() -> None:
    rng = np.random.default_rng(27)
    values = np.concatenate((rng.standard_normal(15), rng.standard_normal(60) + 10.0))
    change = told(values)[0]
    assert change.index == 15
    assert change.at == WARM_UP - 1


def test_equal_values_are_no_change_and_a_step_between_them_is() -> None:
    assert told(np.full(500, 7.0)) == []
    change, *others = told(np.repeat([7.0, 9.0], 100))
    assert not others
    assert (change.index, change.at) == (100, 102)
    assert change.shift
    assert change.shift.difference == 2.0


def test_values_that_are_not_finite_only_count() -> None:
    values = np.random.default_rng(28).standard_normal(200) + np.repeat([0.0, 9.0], 100)
    (change,) = told(values[:110])
    (later,) = told(np.insert(values[:110], [20, 50, 70], [math.nan, math.inf, -math.inf]))
    assert later.index == change.index + 3


@pytest.mark.parametrize("run_length", [0.0, -1.0, 50.0, math.nan, math.inf])
def test_a_run_length_that_cannot_be_kept_is_refused(run_length: float) -> None:
    with pytest.raises(ValueError, match="run_length must be a finite number of at least 100"):
        ChangeMonitor(run_length)


@settings(deadline=None, max_examples=20)
@given(st.integers(0, 399), st.integers(0, 2**32 - 1))
def test_a_monitor_restored_from_its_state_goes_on_as_if_nothing_had_been(stop: int, seed: int) -> None:
    values = np.random.default_rng(seed).standard_normal(400) + np.repeat([0.0, 3.0, 0.0, 3.0], 100)
    steady, first = ChangeMonitor(), ChangeMonitor()
    expected = [steady.update(v) for v in values.tolist()]
    before = [first.update(v) for v in values[:stop].tolist()]
    kept = msgspec.msgpack.decode(msgspec.msgpack.encode(first.state()), type=MonitorState)
    second = ChangeMonitor.restored(kept)
    assert before + [second.update(v) for v in values[stop:].tolist()] == expected


def test_what_is_no_state_is_refused() -> None:
    state = ChangeMonitor().state()
    with pytest.raises(ValueError, match="not the state of a change monitor"):
        ChangeMonitor.restored(replace(state, sums=()))


@settings(deadline=None, max_examples=100)
@given(st.lists(st.floats(allow_nan=True, allow_infinity=True, width=64), max_size=300))
def test_any_numbers_are_taken(values: list[float]) -> None:
    monitor = ChangeMonitor()
    for position, value in enumerate(values):
        change = monitor.update(value)
        assert change is None or change.low <= change.index <= change.high <= change.at == position


@settings(deadline=None, max_examples=30)
@given(st.integers(0, 2**32 - 1), st.integers(-20, 20))
def test_the_unit_does_not_matter(seed: int, exponent: int) -> None:
    values = np.random.default_rng(seed).standard_normal(150) + np.repeat([0.0, 3.0], 75)
    scaled = told(values * 2.0**exponent)
    assert [(c.index, c.at) for c in scaled] == [(c.index, c.at) for c in told(values)]
