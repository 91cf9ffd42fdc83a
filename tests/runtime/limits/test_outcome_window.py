"""The outcome window holds what the last seconds held, to a tenth of it."""

from hypothesis import given
from hypothesis import strategies as st

from homeostat.runtime.limits.outcome import Outcome
from homeostat.runtime.limits.outcome_window import BUCKETS, OutcomeWindow

SECOND_NS = 1_000_000_000


@given(
    st.lists(st.tuples(st.floats(0.0, 5.0), st.sampled_from(Outcome)), max_size=150),
    st.floats(1.0, 20.0),
    st.booleans(),
)
def test_it_counts_all_of_a_window_and_nothing_older_than_a_tenth_more(
    calls: list[tuple[float, Outcome]], window_s: float, through_success: bool
) -> None:
    window, now, times = OutcomeWindow(lambda: window_s), 0, []
    for gap_s, outcome in calls:
        now += round(gap_s * SECOND_NS)
        quick = through_success and outcome is Outcome.OK and window.add_success(now)
        if not quick:
            window.add(now, outcome)
        times.append((now, outcome))
    found, window_ns = window.totals(now), round(window_s * SECOND_NS)
    width = window_ns // BUCKETS + 1
    surely = [outcome for at, outcome in times if at > now - window_ns + width]
    maybe = [outcome for at, outcome in times if at > now - window_ns]
    assert len(surely) <= found.calls <= len(maybe)
    for count, outcome in ((found.failed, Outcome.FAILED), (found.slow, Outcome.SLOW)):
        assert surely.count(outcome) <= count <= maybe.count(outcome)


def test_it_keeps_a_dozen_buckets_however_long_it_runs() -> None:
    window = OutcomeWindow(lambda: 1.0)
    for tick in range(10_000):
        window.add(tick * SECOND_NS // 50, Outcome.OK)
    assert len(window._buckets) <= BUCKETS + 1
