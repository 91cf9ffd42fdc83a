"""Claims about verdicts: decided when the data decides, and true while one looks all the time."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from homeostat.core.interval import Interval
from homeostat.core.query import Total
from homeostat.core.target import Side
from homeostat.core.verdict import State
from homeostat.judge.targets.verdict import Estimate, bad_of, decide, estimate, share_estimate, verdict
from homeostat.observe.fold import moments_of
from homeostat.stats.sketch import sketch

CONFIDENCE = 0.99998


def total_of(values: np.ndarray) -> Total:
    array = np.asarray(values, dtype=np.float64)
    return Total(moments_of(array), sketch(array))


@given(
    st.floats(-1e6, 1e6),
    st.floats(0, 1e6),
    st.floats(0, 1e6),
    st.floats(-1e6, 1e6),
    st.sampled_from(Side),
)
def test_a_verdict_is_given_only_where_the_whole_interval_is_on_one_side(
    value: float, below: float, above: float, bound: float, side: Side
) -> None:
    found = Estimate(value, Interval(value - below, value + above, 0.95), 100, "any")
    state, _ = decide(found, side, bound)
    inside = np.linspace(value - below, value + above, 7)
    holds = {side.holds(float(v), bound) for v in (*inside, value - below, value + above)}
    if state is not State.UNKNOWN:
        assert holds == {state is State.WITHIN}
    else:
        assert len(holds) == 2


def test_four_values_beyond_a_limit_prove_a_quantile_wrong_but_not_right() -> None:
    slow = verdict(
        estimate(total_of([900.0] * 4), "p95", 60, CONFIDENCE), Side.BELOW, 200.0, "ms", CONFIDENCE
    )
    assert (slow.state, slow.high) == (State.VIOLATED, None)
    fast = verdict(estimate(total_of([20.0] * 4), "p95", 60, CONFIDENCE), Side.BELOW, 200.0, "ms", CONFIDENCE)
    assert fast.state is State.UNKNOWN
    assert fast.needs is not None
    assert fast.words == "not known yet: needs about 220 more"
    enough = total_of([20.0] * (4 + fast.needs))
    assert decide(estimate(enough, "p95", 60, CONFIDENCE), Side.BELOW, 200.0)[0] is State.WITHIN


def test_nothing_measured_is_not_known() -> None:
    nothing = verdict(estimate(None, "p95", 60, CONFIDENCE), Side.BELOW, 200.0, "ms", CONFIDENCE)
    assert (nothing.state, nothing.value, nothing.n) == (State.UNKNOWN, None, 0)
    assert nothing.words == "not known yet: nothing was measured"


@pytest.mark.parametrize("name", ["last", "min", "max", "total"])
def test_what_is_exact_is_decided_by_one_value(name: str) -> None:
    found = estimate(Total(moments_of(np.array([300.0])), None), name, 60, CONFIDENCE)
    assert decide(found, Side.BELOW, 200.0)[0] is State.VIOLATED
    assert decide(found, Side.AT_LEAST, 300.0)[0] is State.WITHIN


def test_a_share_of_none_among_few_is_not_known_and_among_many_within() -> None:
    assert decide(share_estimate(0, 50, CONFIDENCE), Side.BELOW, 0.01)[0] is State.UNKNOWN
    assert decide(share_estimate(0, 5_000, CONFIDENCE), Side.BELOW, 0.01)[0] is State.WITHIN
    assert decide(share_estimate(200, 5_000, CONFIDENCE), Side.BELOW, 0.01)[0] is State.VIOLATED
    assert math.isnan(share_estimate(3, 0, CONFIDENCE).value)


def test_values_beyond_a_bound_are_counted_but_for_the_sketch() -> None:
    values = np.random.default_rng(1).lognormal(0, 1, 10_000)
    total = total_of(values)
    for bound in (0.2, 1.0, 7.0):
        bad, n = bad_of(total, Side.ABOVE, bound)
        assert n == 10_000
        near = int((np.abs(values / bound - 1) < 0.0055).sum())
        assert abs(bad - int((values > bound).sum())) <= near
        assert bad_of(total, Side.BELOW, bound)[0] == n - bad
