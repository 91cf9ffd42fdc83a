"""The climbing limit finds the peak, keeps its bounds, and no target shuts it."""

from collections.abc import Callable
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from homeostat.act.knobs.declaration import declared
from homeostat.core.errors import ConfigError
from homeostat.runtime.limits.adaptive_gate import adaptive_gate
from homeostat.runtime.limits.climbing_limit import ClimbingLimit
from homeostat.runtime.limits.limit import Ended, FixedLimit, Limit
from homeostat.testing.bare_host import BareHost

SECOND_NS = 1_000_000_000

Throughput = Callable[[int], float]


def scalability_law(n: int) -> float:
    """133 a second at most, with 13 at once."""
    return 25 * n / (1 + 0.05 * (n - 1) + 0.00541 * n * (n - 1))


def slots(n: int) -> float:
    """8 workers of 10 a second each, before which the others queue."""
    return 10.0 * min(n, 8)


def saturated(limit: Limit, throughput: Throughput, seconds: float, seed: int = 0) -> list[int]:
    """Return the limits of a backend that always has more to do, as a series of exponential departures."""
    random, now, found = Random(seed), 0.0, []
    while now < seconds:
        n = limit.now()
        now += random.expovariate(throughput(n))
        limit.ended(Ended(round(now * SECOND_NS), round(n / throughput(n) * SECOND_NS), True, False, n, True))
        found.append(limit.now())
    return found


def climbing(
    start: int = 20, low: int = 1, high: int = 1_000, target_s: float = float("inf")
) -> ClimbingLimit:
    return ClimbingLimit(start, lambda: low, lambda: high, target_s)


@pytest.mark.parametrize("start", [2, 20, 60])
def test_it_finds_the_peak_from_far_away_and_stays_there(start: int) -> None:
    late = saturated(climbing(start), scalability_law, 120)[-6_000:]
    assert sum(map(scalability_law, late)) / len(late) > 0.94 * 133


def test_where_more_brings_nothing_it_stops_near_the_least_that_brings_all() -> None:
    late = saturated(climbing(30), slots, 300)[-6_000:]
    assert 7 <= sum(late) / len(late) <= 13


def test_a_target_in_reach_is_kept_at_the_price_of_throughput() -> None:
    late = saturated(climbing(20, target_s=0.08), scalability_law, 300)[-6_000:]
    latencies = sorted(n / scalability_law(n) for n in late)
    assert latencies[len(late) // 2] <= 0.08
    assert sum(map(scalability_law, late)) / len(late) > 0.75 * 133


def test_a_target_out_of_reach_does_not_shut_it() -> None:
    late = saturated(climbing(20, target_s=0.001), scalability_law, 300)[-6_000:]
    assert sum(map(scalability_law, late)) / len(late) > 0.6 * 133


def test_a_backend_that_becomes_twice_as_slow_leaves_it_where_it_is() -> None:
    limit = climbing()
    saturated(limit, scalability_law, 60)
    late = saturated(limit, lambda n: scalability_law(n) / 2, 120)[-3_000:]
    assert sum(map(scalability_law, late)) / len(late) > 0.92 * 133


def test_it_learns_nothing_while_the_demand_decides() -> None:
    limit = climbing(20)
    for call in range(10_000):
        limit.ended(Ended(call * 10_000_000, 50_000_000, True, False, 5, False))
    assert limit.now() == 23


def test_it_backs_off_at_once_by_the_share_of_calls_that_were_given_up() -> None:
    limit = climbing(40)
    for call in range(12):
        limit.ended(Ended(call * 10_000_000, 1_000_000_000, call % 2 == 0, call % 2 == 1, 40, True))
    assert limit.now() < 24


@given(
    st.lists(
        st.tuples(
            st.integers(0, SECOND_NS),
            st.integers(0, 10 * SECOND_NS),
            st.booleans(),
            st.booleans(),
            st.booleans(),
        ),
        max_size=400,
    ),
    st.integers(1, 10),
    st.integers(0, 20),
)
def test_whatever_comes_the_limit_keeps_its_bounds(
    calls: list[tuple[int, int, bool, bool, bool]], low: int, more: int
) -> None:
    host, now = BareHost(), 0
    knob = host.knob_set.declare(declared("fixed", 5, low=1, high=10))
    limits: list[tuple[Limit, int, int]] = [
        (climbing(low, low, low + more, 0.5), low, low + max(1, more)),
        (FixedLimit(knob), 5, 5),
    ]
    for gap_ns, took_ns, ok, gave_up, binding in calls:
        now += gap_ns
        for limit, least, most in limits:
            limit.ended(Ended(now, took_ns, ok, gave_up and not ok, limit.now(), binding))
            assert least <= limit.now() <= most


def test_the_gate_of_one_declares_its_bounds_as_knobs() -> None:
    host = BareHost()
    gate = adaptive_gate(host, "model", start=8, low=2, high=64)
    assert {
        "model_limit_low",
        "model_limit_high",
        "model_queue_max",
        "model_wait_max_s",
    } <= host.knob_set.knobs.keys()
    assert gate.limit.now() == 8


@pytest.mark.parametrize(
    ("arguments", "words"), [({"low": 30}, "low <= start"), ({"target_s": -1.0}, "some seconds")]
)
def test_bounds_that_make_no_sense_are_refused(arguments: dict[str, float], words: str) -> None:
    with pytest.raises(ConfigError, match=words):
        adaptive_gate(BareHost(), "model", **arguments)  # type: ignore[arg-type]
