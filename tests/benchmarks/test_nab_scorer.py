"""The claims of the benchmark's score, from the paper's definition."""

import math

import numpy as np
import pytest
from benchmarks.nab import one_an_incident
from benchmarks.nab_scorer import (
    PROFILES,
    REWARD_LOW_FN,
    REWARD_LOW_FP,
    STANDARD,
    Profile,
    Tally,
    chosen_by_others,
    probation,
    score,
    tally,
)

WINDOW = (2_000, 2_199)


@pytest.mark.parametrize("profile", PROFILES)
def test_silence_is_nought_and_the_first_record_of_each_window_is_a_hundred(profile: Profile) -> None:
    assert score([tally([], [WINDOW], 4_000)], profile) == 0.0
    assert score([tally([2_000], [WINDOW], 4_000)], profile) == pytest.approx(100.0)


def test_a_hit_is_worth_less_the_later_and_only_the_first_counts() -> None:
    early, middle, late = (tally([at], [WINDOW], 4_000).hits for at in (2_000, 2_100, 2_199))
    assert early == pytest.approx(1.0)
    assert middle == pytest.approx((2 / (1 + math.exp(-2.5)) - 1) / (2 / (1 + math.exp(-5)) - 1))
    assert early > middle > late > 0
    assert tally([2_100, 2_050, 2_150], [WINDOW], 4_000) == tally([2_050], [WINDOW], 4_000)


def test_a_false_positive_costs_its_price_and_less_just_after_a_window() -> None:
    def cost(at: int) -> float:
        return tally([at], [WINDOW], 4_000).false_positives

    assert cost(1_000) == cost(3_500) == 1.0
    assert 0 < cost(2_210) < cost(2_300) < 1.0
    wrong = Tally(hits=0.0, false_positives=2.0, missed=1, windows=1)
    assert wrong.points(STANDARD) == pytest.approx(-1.22)
    assert wrong.points(REWARD_LOW_FP) == pytest.approx(-1.44)
    assert wrong.points(REWARD_LOW_FN) == pytest.approx(-2.22)


def test_the_probation_does_not_count() -> None:
    assert probation(4_000) == 600
    assert probation(20_000) == 750
    assert tally([0, 599], [], 4_000).false_positives == 0
    assert tally([600], [], 4_000).false_positives == 1


def test_a_series_has_no_say_in_its_own_threshold() -> None:
    points = np.array([[9.0, 0.0], [0.0, 1.0], [0.0, 2.0]])
    assert chosen_by_others(points, [0, 1, 2]).tolist() == [1, 0, 0]
    assert chosen_by_others(points, [0, 0, 1]).tolist() == [1, 1, 0]


def test_one_detection_an_incident() -> None:
    scores = np.zeros(1_000)
    scores[[100, 300, 310, 421, 900]] = 5.0
    assert one_an_incident(120)(scores, 5.0) == [300, 421, 900]
