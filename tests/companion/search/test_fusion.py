"""Scores are put together as it is told."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from homeostat.companion.search.fusion import (
    GRACE_US,
    Evidence,
    Weights,
    best,
    leading,
    neighbouring,
    timely,
    windowed,
    z_scored,
)

NOTHING = Weights(0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0)
FLOATS = st.floats(-100, 100, width=32)


@given(st.lists(FLOATS, max_size=40), st.integers(0, 50))
def test_the_best_are_those_of_a_sort(values: list[float], k: int) -> None:
    scores = np.array(values, np.float32)
    assert best(scores, k).tolist() == sorted(range(len(values)), key=lambda i: (-scores[i], i))[:k]


def test_what_is_ruled_out_is_not_among_the_best() -> None:
    assert best(np.array([1, -np.inf, 3], np.float32), 3).tolist() == [2, 0]


@given(st.lists(st.tuples(FLOATS, st.booleans()), min_size=1, max_size=40))
def test_what_is_not_here_does_not_move_the_scores_of_what_is(pairs: list[tuple[float, bool]]) -> None:
    values = np.array([value for value, _ in pairs], np.float32)
    here = np.array([known for _, known in pairs])
    scored = z_scored(values, here)
    assert scored[~here] == pytest.approx(0)
    if here.any() and values[here].std() > 1e-3:
        assert scored[here].mean() == pytest.approx(0, abs=1e-3)
        assert scored[here].std() == pytest.approx(1, abs=1e-3)


def test_equal_values_say_nothing() -> None:
    assert z_scored(np.full(3, 0.7, np.float32), np.ones(3, np.bool_)).tolist() == [0, 0, 0]


def test_lexical_scores_are_in_units_of_the_leaders() -> None:
    assert leading(np.array([4, 2], np.float32)).tolist() == pytest.approx([4 / 3, 2 / 3])
    assert leading(np.empty(0, np.float32)).tolist() == []
    assert leading(np.zeros(2, np.float32)).tolist() == [0, 0]


def test_a_turn_lends_to_those_beside_it_in_its_talk_alone() -> None:
    weights = Weights(0, 0, 0, 0, 0, 0, before=0.1, after=0.3, hop=0, link=0, kind=0, word=0, tells=0)
    before = np.array([-1, 0, -1, 1], np.int32)  # 0, 1 and 3 are one talk, 2 another
    gained = neighbouring(np.array([0, 10, 0, 0], np.float32), before, weights)
    assert gained.tolist() == pytest.approx([3, 0, 0, 1])


def test_neighbours_of_nobody_gain_nothing() -> None:
    scores = np.array([1, 2], np.float32)
    assert neighbouring(scores, np.array([-1, 0], np.int32), NOTHING).tolist() == [0, 0]


def test_what_was_said_in_the_week_after_counts_half() -> None:
    at_us = np.array([9, 10, 19, 20, 20 + GRACE_US], np.int64)
    assert timely(at_us, [(10, 20)]).tolist() == [0, 1, 1, 0.5, 0]
    assert timely(at_us, []).tolist() == [0] * 5


def test_reasons_that_add_nothing_are_not_shown() -> None:
    evidence = Evidence({"lexical": np.array([1, 0], np.float32), "time": np.array([0, 2], np.float32)})
    assert [evidence.of(0), evidence.of(1)] == [{"lexical": 1.0}, {"time": 2.0}]
    assert evidence.total(np.array([True, True])).tolist() == [1, 2]
    assert evidence.total(np.array([False, True])).tolist() == [-np.inf, 2]


def test_a_windows_cosine_is_near_that_of_the_sum_of_its_turns() -> None:
    rng = np.random.default_rng(5)
    topic = rng.standard_normal((40, 64)).repeat(5, axis=0)
    turns = rng.standard_normal((200, 64)) + 0.5 * topic
    turns /= np.linalg.norm(turns, axis=1, keepdims=True)
    question = turns[57]
    before = np.arange(-1, 199, dtype=np.int32)
    before[100] = -1
    found, there = windowed((turns @ question).astype(np.float32), np.ones(200, np.bool_), before)
    padded = np.vstack((turns, np.zeros(64)))
    sums = padded[:-1] + padded[before] + padded[np.append(before, -1)[before]]
    true = sums @ question / np.linalg.norm(sums, axis=1)
    assert there.all()
    assert np.corrcoef(found, true)[0, 1] > 0.98
    assert np.abs(found - true).max() < 0.15


def test_turns_without_a_row_count_for_nothing_in_a_window() -> None:
    here = np.array([False, True, False, False])
    before = np.array([-1, 0, 1, -1], np.int32)
    found, there = windowed(np.array([9.0, 0.5, 9.0, 9.0], np.float32), here, before)
    assert found.tolist() == [0.0, 0.5, 0.5, 0.0]
    assert there.tolist() == [False, True, True, False]
