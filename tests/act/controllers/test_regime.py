"""The regime: steady loads have one name, and a name does not flicker."""

import math
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from homeostat.act.controllers.regime import Feature, RegimeRule, regime
from homeostat.core.errors import ConfigError

PAST = [10.0] * 25 + [20.0] * 50 + [40.0] * 25


def test_load_is_named_by_its_place_among_the_loads_of_the_past() -> None:
    assert [regime(load, PAST) for load in (3.0, 20.0, 80.0)] == ["light", "normal", "heavy"]


def test_a_steady_load_is_normal_for_all_its_noise() -> None:
    loads = np.random.default_rng(0).poisson(200.0, 1_000).astype(float)
    names, name = set(), ""
    for k in range(50, loads.size):
        name = regime(float(loads[k]), loads[:k], name)
        names.add(name)
    assert names == {"normal"}


def test_a_load_at_the_threshold_does_not_flicker() -> None:
    rng = np.random.default_rng(1)
    above = max(float(np.quantile(PAST, 0.75)), 26.0)
    loads = above * (1.0 + 0.03 * rng.standard_normal(400))
    with_memory, without, name = [], [], ""
    for load in loads:
        name = regime(float(load), PAST, name)
        with_memory.append(name)
        without.append(regime(float(load), PAST))
    assert sum(a != b for a, b in pairwise(with_memory)) <= 3
    assert sum(a != b for a, b in pairwise(without)) > 50


def test_few_past_values_say_nothing() -> None:
    assert regime(1e6, [1.0, 2.0, 3.0]) == "normal"


def test_a_feature_out_of_the_ordinary_is_part_of_the_name_and_has_its_own_memory() -> None:
    found = regime(20.0, PAST, features={"tokens": Feature(80.0, PAST), "users": Feature(20.0, PAST)})
    assert found == "normal, tokens heavy"
    stays = regime(20.0, PAST, found, {"tokens": Feature(25.0, PAST)})
    assert stays == "normal, tokens heavy"
    assert regime(20.0, PAST, "", {"tokens": Feature(25.0, PAST)}) == "normal"


@given(
    st.floats(), st.lists(st.floats(), max_size=60), st.sampled_from(["", "light", "normal", "heavy", "odd"])
)
def test_any_numbers_give_one_of_three_names(load: float, past: list[float], before: str) -> None:
    assert regime(load, past, before) in {
        "light",
        "normal",
        "heavy",
        *([before] if not math.isfinite(load) else []),
    }


def test_wrong_rules_are_told() -> None:
    with pytest.raises(ConfigError, match="low < high"):
        RegimeRule(low=0.8, high=0.2)
    with pytest.raises(ConfigError, match="window at least 20"):
        RegimeRule(window=3)
