"""Claims about the agreement of two judges: known values, and coverage by simulation."""

from collections import Counter
from itertools import permutations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from homeostat.core.errors import InputError
from homeostat.stats.agreement import Agreement, cohen_kappa, krippendorff_alpha
from homeostat.stats.not_known import NotKnown

SCORES = st.lists(st.tuples(st.integers(0, 10), st.integers(0, 10)), min_size=20, max_size=40)


def rng() -> np.random.Generator:
    return np.random.default_rng(1)


def slow_alpha(pairs: list[tuple[int, int]]) -> float:
    """The definition by coincidences, pair by pair."""
    values = [value for pair in pairs for value in pair]
    observed = sum((a - b) ** 2 for a, b in pairs) / len(pairs)
    every = [(a - b) ** 2 for a, b in permutations(values, 2)]
    return 1.0 - observed / (sum(every) / len(every))


@settings(max_examples=40)
@given(SCORES)
def test_alpha_is_that_of_its_definition(pairs: list[tuple[int, int]]) -> None:
    first, second = zip(*pairs, strict=True)
    found = krippendorff_alpha(first, second, rng())
    if len(Counter(first + second)) == 1:
        assert isinstance(found, NotKnown)
    elif isinstance(found, Agreement):
        assert found.estimate == pytest.approx(slow_alpha(pairs))
        assert found.interval.low <= found.estimate <= found.interval.high


def test_kappa_is_that_of_a_published_table() -> None:
    """20 yes and 15 no by both, 5 and 10 divided: observed .70, by chance .50 (a textbook table)."""
    first = [True] * 25 + [False] * 25
    second = [True] * 20 + [False] * 5 + [True] * 10 + [False] * 15
    found = cohen_kappa(first, second, rng())
    assert isinstance(found, Agreement)
    assert found.estimate == pytest.approx(0.40)
    assert 0.1 < found.interval.low < 0.4 < found.interval.high < 0.7


def test_nothing_is_said_of_few_pairs_or_of_one_answer_to_everything() -> None:
    assert isinstance(krippendorff_alpha([0.1] * 19, [0.2] * 19, rng()), NotKnown)
    assert isinstance(krippendorff_alpha([0.5] * 50, [0.5] * 50, rng()), NotKnown)
    assert isinstance(cohen_kappa([True] * 50, [True] * 50, rng()), NotKnown)


def test_pairs_that_are_none_are_refused() -> None:
    with pytest.raises(InputError, match="pairs of finite numbers"):
        krippendorff_alpha([0.1] * 20, [0.1] * 21, rng())
    with pytest.raises(InputError, match="pairs of finite numbers"):
        krippendorff_alpha([0.1] * 20, [float("nan")] * 20, rng())


def test_intervals_hold_the_truth_about_as_often_as_they_say() -> None:
    draw, held = np.random.default_rng(7), [0, 0]
    noise, runs = 0.5, 100
    truth = 1.0 / (1.0 + noise**2)  # of normal scores with independent errors of each judge
    agree = 0.8
    for _ in range(runs):
        thing = draw.normal(size=100)
        found = krippendorff_alpha(
            (thing + draw.normal(0, noise, 100)).tolist(), (thing + draw.normal(0, noise, 100)).tolist(), draw
        )
        assert isinstance(found, Agreement)
        held[0] += found.interval.low <= truth <= found.interval.high
        yes = draw.random(100) < 0.5
        same = draw.random(100) < agree
        verdicts = cohen_kappa(yes.tolist(), np.where(same, yes, ~yes).tolist(), draw)
        assert isinstance(verdicts, Agreement)
        held[1] += verdicts.interval.low <= 2 * agree - 1 <= verdicts.interval.high
    assert min(held) >= 0.90 * runs
