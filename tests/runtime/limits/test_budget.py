"""The budget never lets extra calls be more than their share."""

from hypothesis import given
from hypothesis import strategies as st

from homeostat.runtime.limits.budget import Budget
from homeostat.testing.clock import ManualClock

STEPS = st.lists(st.one_of(st.just("call"), st.just("take"), st.floats(0.0, 20.0)), max_size=300)


@given(STEPS, st.floats(0.0, 1.0))
def test_extra_calls_are_at_most_their_share_plus_ten_plus_one_in_ten_seconds(
    steps: list[str | float], share: float
) -> None:
    clock = ManualClock()
    budget, calls, taken, seconds = Budget(lambda: share, clock.monotonic_ns), 0, 0, 0.0
    for step in steps:
        if step == "call":
            budget.call()
            calls += 1
        elif step == "take":
            taken += budget.take()
        elif isinstance(step, float):
            clock.advance(step)
            seconds += step
        assert taken <= share * calls + 10 + 0.1 * seconds + 1e-6


def test_where_few_calls_come_some_extra_ones_are_allowed_all_the_same() -> None:
    clock = ManualClock()
    budget = Budget(lambda: 0.01, clock.monotonic_ns)
    assert sum(budget.take() for _ in range(20)) == 10
    clock.advance(10.1)
    assert [budget.take(), budget.take()] == [True, False]


def test_a_share_of_none_allows_none() -> None:
    budget = Budget(lambda: 0.0, ManualClock().monotonic_ns)
    assert not budget.take()
