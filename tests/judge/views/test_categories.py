"""Claims about the categories: what is counted, what is left out, and that what is not known is said so."""

from collections.abc import Mapping

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from homeostat.core.clock import SECOND_NS
from homeostat.core.metric import Better, Kind, Metric
from homeostat.core.query import Total
from homeostat.core.series import SeriesKey
from homeostat.judge.targets.limit import State
from homeostat.judge.views.candidate import candidates
from homeostat.judge.views.categories import CATEGORIES, Standings, category_of, standings
from homeostat.judge.views.window import Window
from homeostat.observe.catalogue import load_catalogue
from homeostat.observe.fold import moments_of

WINDOW = Window("15m", 0, 900 * SECOND_NS, 10 * SECOND_NS, 900 * SECOND_NS)
LIMIT = 10.0


def metric(name: str, group: str = "cpu", target: float | None = LIMIT) -> Metric:
    return Metric(name, "ms", Kind.GAUGE, Better.LOWER, "help", "cpu", group, "last", target)


def stand(
    metrics: list[Metric], levels: Mapping[str, list[float]], unavailable: Mapping[str, str] | None = None
) -> Standings:
    """Hold metrics against levels, one series each."""
    totals = {
        SeriesKey.of(name, Kind.GAUGE, "ms", {"device": i}): Total(moments_of(np.array([level])), None)
        for name, each in levels.items()
        for i, level in enumerate(each)
    }
    found = candidates(totals, {m.name: m for m in metrics}, WINDOW, frozenset())
    return standings(metrics, found, unavailable or {}, {"cpu": "processor time"})


def test_every_group_of_the_catalogue_belongs_to_one_of_the_eight_categories() -> None:
    assert len(CATEGORIES) == 8
    groups = {m.group for m in load_catalogue().values()}
    assert {g for g in groups if category_of(g) is None} == set()
    assert len({g for c in CATEGORIES for g in c.groups}) == sum(len(c.groups) for c in CATEGORIES)


def test_a_limit_is_broken_if_it_is_in_one_of_its_series_and_says_in_how_many() -> None:
    found = stand([metric("a")], {"a": [1.0, 99.0, 2.0]})
    (limit,) = found.categories[0].limits
    assert (limit.state, limit.words, limit.series) == (State.VIOLATED, "violated in 1 of 3 series", 3)
    assert limit.now_words == "99 ms"


def test_what_is_not_known_names_its_collector_and_why() -> None:
    found = stand([metric("a"), metric("b")], {}, {"b": "no such device"})
    told = {limit.metric: (limit.collector, limit.words) for limit in found.categories[0].limits}
    assert told == {
        "a": ("cpu", "not known yet: nothing measured so far (cpu: processor time)"),
        "b": ("cpu", "not available here: no such device"),
    }


def test_the_score_is_over_known_limits_and_its_bounds_over_all() -> None:
    metrics = [metric(name) for name in "abcd"]
    computing = stand(metrics, {"a": [1.0], "b": [99.0]}).categories[0]
    assert (computing.score, computing.low, computing.high) == (0.5, 0.25, 0.75)
    assert computing.words == "1 of 2 known limits hold (50%); with the 2 not known between 25% and 75%"
    assert [limit.metric for limit in computing.limits] == ["b", "c", "d", "a"]


def test_categories_weigh_the_same_however_many_limits_they_have() -> None:
    metrics = [metric("a"), metric("b"), metric("c"), metric("s", "safety")]
    found = stand(metrics, {"a": [1.0], "b": [1.0], "c": [1.0], "s": [99.0]})
    assert found.score == pytest.approx(0.5)
    assert found.counted == ("Computing", "Safety")
    assert found.words.startswith(
        "1 limit is broken. 50% of known limits hold, the mean of 2 categories, which weigh the same. Left"
    )


def test_a_category_of_which_nothing_is_known_is_left_out_and_said_so() -> None:
    found = stand([metric("a"), metric("s", "safety")], {"a": [1.0]})
    assert found.score == 1.0
    assert "Safety" in found.left_out
    assert "Safety" in found.words
    assert found.categories[4].words == "not known yet: none of 1 limit was measured enough"


def test_without_any_measurement_there_is_no_score() -> None:
    found = stand([metric("a")], {})
    assert found.score is None
    assert found.words == "Not known yet: no limit of any category was measured enough."


def test_a_limit_of_a_group_of_ones_own_is_named_and_not_counted() -> None:
    found = stand([metric("a"), metric("mine", "shop")], {"mine": [99.0]})
    assert (found.uncounted, found.score) == (("mine",), None)


@given(st.lists(st.sampled_from(("held", "broken", "unknown")), min_size=1, max_size=30))
def test_whatever_becomes_known_the_score_lies_within_the_bounds(states: list[str]) -> None:
    metrics = [metric(f"m{i}") for i in range(len(states))]
    levels = {f"m{i}": [1.0 if s == "held" else 99.0] for i, s in enumerate(states) if s != "unknown"}
    before = stand(metrics, levels).categories[0]
    for rest in (1.0, 99.0):
        after = stand(metrics, {m.name: levels.get(m.name, [rest]) for m in metrics}).categories[0]
        assert after.score is not None
        assert before.low <= after.score <= before.high
        assert after.low == after.high == after.score
