"""The endocrine state: bounded, consistent in time, and back to its base by itself."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from homeostat.act.endocrine import AT_ONCE, HALF_LIFE_S, Endocrine, Event, EventKind, Modulation, step
from homeostat.core.errors import InputError

LEVEL = st.floats(0.0, 1.0)
STATES = st.builds(Endocrine, LEVEL, LEVEL, LEVEL, LEVEL, LEVEL)
EVENTS = st.lists(st.builds(Event, st.sampled_from(EventKind), LEVEL), max_size=8)
SECONDS = st.floats(0.0, 1e6)


@given(STATES, EVENTS, SECONDS)
def test_levels_never_leave_zero_to_one(state: Endocrine, events: list[Event], elapsed_s: float) -> None:
    assert all(0.0 <= level <= 1.0 for level in step(state, events, elapsed_s).levels.values())


@given(STATES, EVENTS, SECONDS, LEVEL)
def test_time_adds_up_wherever_it_is_cut(
    state: Endocrine, events: list[Event], elapsed_s: float, cut: float
) -> None:
    lasting = [event for event in events if event.kind not in AT_ONCE]
    whole = step(state, events, elapsed_s)
    first = elapsed_s * cut
    parts = step(step(state, events, first), lasting, elapsed_s - first)
    assert list(parts.levels.values()) == pytest.approx(list(whole.levels.values()), abs=1e-9)


@given(STATES)
def test_each_level_returns_to_its_base_by_its_half_life(state: Endocrine) -> None:
    for name, half_life_s in HALF_LIFE_S.items():
        base, before = getattr(Endocrine(), name), getattr(state, name)
        assert getattr(step(state, (), half_life_s), name) == pytest.approx((base + before) / 2)


@given(STATES, EVENTS)
def test_the_order_of_events_does_not_count(state: Endocrine, events: list[Event]) -> None:
    one, other = step(state, events, 60.0), step(state, events[::-1], 60.0)
    assert list(one.levels.values()) == pytest.approx(list(other.levels.values()), abs=1e-12)


def test_two_proven_gains_raise_exploration_and_learning_rate() -> None:
    gain = Event(EventKind.GAIN)
    found = step(step(Endocrine(), [gain], 60.0), [gain], 60.0).modulation
    assert (found.exploration, found.learning_rate) == (1.3, 1.2)


@pytest.mark.parametrize(
    ("event", "minutes"), [(Event(EventKind.VIOLATION), 20.0), (Event(EventKind.PRESSURE, 0.9), 5.0)]
)
def test_what_stays_wrong_stops_exploration_and_makes_checking_stricter(event: Event, minutes: float) -> None:
    found = step(Endocrine(), [event], minutes * 60.0).modulation
    assert (found.exploration, found.strictness, found.checkpoint_rate) == (0.0, 2.0, 2.0)


def test_errors_add_up_to_strain() -> None:
    assert step(Endocrine(), [Event(EventKind.ERROR)] * 3, 10.0).modulation.exploration == 0.0


@pytest.mark.parametrize(("kind", "after_s"), [(EventKind.ALERT, 10.0), (EventKind.SPIKE, 120.0)])
def test_what_is_urgent_is_dealt_with_one_at_a_time(kind: EventKind, after_s: float) -> None:
    found = step(Endocrine(), [Event(kind)], after_s).modulation
    assert (found.priority, found.one_at_a_time) == (1.5, True)
    later = step(step(Endocrine(), [Event(kind)], after_s), (), 600.0).modulation
    assert (later.priority, later.one_at_a_time) == (1.0, False)


def test_calm_shortens_steps_by_up_to_half() -> None:
    calm = step(Endocrine(), [Event(EventKind.CALM)], 1e6).modulation
    assert 0.5 <= calm.damping < 0.7
    assert replace(Modulation(), damping=calm.damping).stride < 1.0


def test_slack_allows_capacity_trials_and_a_violation_takes_that_back() -> None:
    grown = step(Endocrine(), [Event(EventKind.SLACK, 0.5)], 3_600.0)
    assert grown.modulation.capacity_trials
    assert not step(grown, [Event(EventKind.VIOLATION)], 300.0).modulation.capacity_trials


def test_the_state_at_rest_changes_nothing() -> None:
    assert Endocrine().modulation == Modulation()


def test_wrong_sizes_and_times_are_told() -> None:
    with pytest.raises(InputError, match="violation lies from 0 to 1"):
        Event(EventKind.VIOLATION, 1.5)
    with pytest.raises(InputError, match="0 or more seconds"):
        step(Endocrine(), (), -1.0)
