"""Capacity: it follows the need, looks ahead, and obeys what is imposed on it."""

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from homeostat.act.controller import BACK, MUST, WAY, Line, Situation
from homeostat.act.controllers.cap import Adaptation, Cap, fitted
from homeostat.act.controllers.capacity import LOAD, Allocation, Capacity, CapacityKnob, allocation
from homeostat.act.controllers.need import Need, in_blocks, need
from homeostat.act.endocrine import Endocrine
from homeostat.core.change import Change, Move
from homeostat.core.errors import ConfigError, InputError
from homeostat.core.knob import Choices, Integers, Knob
from homeostat.stats.not_known import NotKnown
from homeostat.testing.situations import SECOND, START_NS, after_trial, later, situation

WORKERS = Knob("workers", 10, Integers(1, 64))
CAPACITY = Capacity((CapacityKnob("workers", "pool.utilisation"),))
STEP_S = 5


def using(values: np.ndarray, at: Situation | None = None) -> Situation:
    """Return a situation in which the pool was used like this, five seconds apart."""
    at = at or situation((WORKERS,))
    return replace(at, lines={"pool.utilisation": Line(values, STEP_S * SECOND, at.now_ns)})


def noisy(level: float, n: int = 240, seed: int = 0) -> np.ndarray:
    return np.clip(level + 0.02 * np.random.default_rng(seed).standard_normal(n), 0.0, 1.0)


def one(at: Situation, capacity: Capacity = CAPACITY) -> Change:
    (found,) = capacity.propose(at)
    return found


def test_half_a_minute_above_the_upper_bound_scales_up_to_what_is_needed() -> None:
    found = one(using(noisy(0.9)))
    assert found.moves[0].after in range(14, 17)  # 9 workers' work at a utilisation of 0.65
    assert found.urgent
    assert found.reason.startswith("pool.utilisation was above 80% for 30 s: workers to 1")


def test_a_moment_above_the_upper_bound_does_not() -> None:
    used = noisy(0.5)
    used[-5:] = 0.9
    assert CAPACITY.propose(using(used)) == ()


def test_a_pool_that_is_full_grows_by_half_at_least() -> None:
    assert int(one(using(np.full(240, 1.0))).moves[0].after) >= 15


def test_a_minute_below_the_lower_bound_scales_down_and_asks_for_no_gain() -> None:
    found = one(using(noisy(0.1)))
    assert found.moves[0].after in (2, 3)
    assert (found.urgent, found.labels[WAY]) == (False, BACK)


def waves(height: float) -> np.ndarray:
    """Six days of 96 values, the last one cut short soon after its quietest time."""
    day = 96
    used = 0.4 + height * np.sin(2 * np.pi * np.arange(6 * day - 30) / day - np.pi / 2)
    used = np.clip(used + 0.01 * np.random.default_rng(1).standard_normal(used.size), 0.0, 1.0)
    quiet = int(np.argmin(used[-day:])) + used.size - day
    return used[: quiet + 8]


def test_a_daily_peak_that_is_due_keeps_the_capacity() -> None:
    capacity = replace(CAPACITY, low_s=30.0)
    at = using(waves(0.33))
    assert at.lines["pool.utilisation"].values[-6:].max() < 0.2
    assert capacity.propose(at) == ()
    short_sighted = replace(capacity, horizon_s=15.0)
    assert int(one(at, short_sighted).moves[0].after) < 10


def test_a_daily_peak_beyond_the_capacity_is_met_before_it_is_there() -> None:
    found = one(using(waves(0.5)))
    assert int(found.moves[0].after) in range(13, 17)
    assert not found.urgent
    assert "will be above 80% within 300 s" in found.reason


def test_a_knob_rests_after_it_was_moved_and_longer_after_a_roll_back() -> None:
    at = using(noisy(0.9))
    kept = after_trial(at, one(at), kept=True)
    assert CAPACITY.propose(using(noisy(0.9), kept)) == ()
    assert CAPACITY.propose(using(noisy(0.9), later(kept, 120.0))) != ()
    failed = after_trial(at, one(at), kept=False)
    assert CAPACITY.propose(using(noisy(0.9), later(failed, 120.0))) == ()
    assert CAPACITY.propose(using(noisy(0.9), later(failed, 700.0))) != ()
    assert CAPACITY.propose(using(noisy(0.1), later(failed, 120.0))) != ()


def test_what_was_used_is_told_by_the_capacity_of_its_time() -> None:
    """Ten workers at 80% are sixteen at 50%: nothing more is needed after that change."""
    at = situation((WORKERS,))
    at = after_trial(at, Change((Move("workers", 10, 16),), "person", "w"), kept=True, seconds=0.0)
    used = np.concatenate((np.full(120, 0.8), np.full(120, 0.5)))
    at = using(used, later(at, 120 * STEP_S))
    assert CAPACITY.propose(at) == ()


def test_steps_down_are_shorter_while_all_is_calm() -> None:
    at = using(noisy(0.1))
    calm = replace(at, endocrine=Endocrine(serotonin=1.0))
    assert int(one(at).moves[0].after) < int(one(calm).moves[0].after) < 10


def test_in_between_only_growth_allows_to_try_with_less() -> None:
    at = using(noisy(0.35))
    assert CAPACITY.propose(at) == ()
    found = one(replace(at, endocrine=Endocrine(growth=0.9)))
    assert (int(found.moves[0].after), found.labels[WAY]) == (8, BACK)


def test_the_mode_of_allocation_follows_regime_and_bursts() -> None:
    rng = np.random.default_rng(4)
    steady = Line(rng.poisson(50.0, 300).astype(float), SECOND, START_NS)
    bursts = Line(rng.poisson(50.0, 300) * np.where(rng.random(300) < 0.1, 8.0, 1.0), SECOND, START_NS)
    assert allocation("light", None) is Allocation.LIGHT
    assert allocation("normal, tokens heavy", steady) is Allocation.MEDIUM
    assert allocation("heavy", None) is Allocation.HEAVY
    assert allocation("light", bursts) is Allocation.HEAVY
    at = using(noisy(0.9))
    heavy = replace(at, lines={**at.lines, LOAD: bursts})
    assert int(one(heavy).moves[0].after) > int(one(at).moves[0].after)


def test_without_a_line_or_with_gaps_nothing_is_proposed() -> None:
    used = noisy(0.9)
    used[-3] = math.nan
    assert CAPACITY.propose(situation((WORKERS,))) == ()
    assert CAPACITY.propose(using(np.array([]))) == ()
    assert CAPACITY.propose(using(used)) == ()


def test_scaling_up_stays_within_the_caps() -> None:
    capped = replace(CAPACITY, caps=(Cap("memory_mb", 2_400.0, {"workers": 200.0}),))
    assert one(using(noisy(0.9)), capped).moves[0].after == 12


def test_a_capacity_that_is_no_number_is_told() -> None:
    knob = Knob("workers", "few", Choices(("few", "many")))
    with pytest.raises(ConfigError, match="must be a number"):
        CAPACITY.propose(using(noisy(0.9), situation((knob,))))


def test_the_peak_of_a_need_is_passed_about_as_rarely_as_told() -> None:
    rng = np.random.default_rng(5)
    passed = []
    for _ in range(60):
        noise = rng.standard_normal(260)
        values = 100.0 + 5.0 * noise
        found = need(Line(values[:240], SECOND, START_NS), 20.0, 0.9)
        assert isinstance(found, Need)
        passed.append(float((values[240:] > found.peak).mean()))
    assert np.mean(passed) <= 0.1


def test_a_far_horizon_is_taken_in_blocks_and_a_short_line_is_not_known() -> None:
    line = Line(np.full(2_000, 7.0), SECOND, START_NS)
    found = need(line, 300.0)
    assert isinstance(found, Need)
    assert found.expected == pytest.approx(7.0)
    assert found.words == "7 expected within 300 s, at most 7 with a chance of 90%"
    assert isinstance(need(Line(np.full(5, 7.0), SECOND, START_NS), 300.0), NotKnown)
    assert in_blocks(np.array([9.0, 1.0, 3.0, math.nan, math.nan]), 2)[0] == 2.0
    with pytest.raises(InputError, match="above 0"):
        need(line, 0.0)
    with pytest.raises(InputError, match=r"between 0\.5 and 1"):
        need(line, 60.0, 0.3)


MEMORY = (WORKERS, Knob("cache_mb", 1_000, Integers(0, 4_000)), Knob("other", 3, Integers(0, 9)))
CAP = Cap("memory_mb", 2_000.0, {"workers": 200.0, "cache_mb": 1.0})


def test_a_cap_is_obeyed_at_once_by_all_that_use_the_resource() -> None:
    at = situation(MEMORY)
    (found,) = Adaptation((CAP,)).propose(at)
    assert found.urgent
    assert found.labels[WAY] == MUST
    assert {move.knob for move in found.moves} == {"workers", "cache_mb"}
    assert 1_700.0 < CAP.used(found.applied(at.configuration)) <= 2_000.0
    assert found.evidence == ("memory_mb: 3000 of 2000 allowed",)


def test_once_the_cap_is_lifted_everything_goes_back() -> None:
    at = situation(MEMORY)
    (found,) = Adaptation((CAP,)).propose(at)
    capped = after_trial(at, found, kept=True)
    assert Adaptation((CAP,)).propose(capped) == ()
    (half,) = Adaptation((replace(CAP, at_most=2_500.0),)).propose(capped)
    assert WAY not in half.labels
    capped = after_trial(capped, half, kept=True)
    (back,) = Adaptation(()).propose(capped)
    assert back.applied(capped.configuration) == at.configuration
    assert Adaptation(()).propose(after_trial(capped, back, kept=True)) == ()


def test_what_somebody_chose_since_is_not_set_back() -> None:
    at = situation(MEMORY)
    (found,) = Adaptation((CAP,)).propose(at)
    at = after_trial(at, found, kept=True)
    chosen = Change((Move("workers", at.configuration["workers"], 4),), "person", "w")
    at = after_trial(at, chosen, kept=True)
    (back,) = Adaptation(()).propose(at)
    assert [move.knob for move in back.moves] == ["cache_mb"]


@given(
    st.integers(1, 64),
    st.integers(0, 4_000),
    st.lists(st.tuples(st.floats(0.0, 2e4), st.floats(0.1, 300.0), st.floats(0.1, 3.0)), max_size=3),
)
def test_what_fits_uses_no_more_than_allowed_and_never_raises_a_knob(
    workers: int, cache_mb: int, limits: list[tuple[float, float, float]]
) -> None:
    knobs = {knob.name: knob for knob in MEMORY}
    caps = [Cap(f"r{k}", most, {"workers": a, "cache_mb": b}) for k, (most, a, b) in enumerate(limits)]
    begin = {"workers": workers, "cache_mb": cache_mb, "other": 3}
    found = fitted(begin, caps, knobs)
    lowest = {"workers": 1, "cache_mb": 0, "other": 3}
    for cap in caps:
        assert cap.used(found) <= max(cap.at_most, cap.used(lowest)) + 1e-6
    assert all(int(found[name]) <= int(begin[name]) for name in begin)
    assert all(knobs[name].checked(value) == value for name, value in found.items())


def test_wrong_bounds_and_caps_are_told() -> None:
    with pytest.raises(ConfigError, match="0 < low < high < 1"):
        replace(CAPACITY, low=0.9)
    with pytest.raises(ConfigError, match="needs knobs"):
        Cap("memory", 1.0, {})
    with pytest.raises(ConfigError, match="a number from 0 on"):
        Cap("memory", -1.0, {"a": 1.0})
