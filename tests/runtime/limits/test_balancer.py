"""The balancer goes where less is in progress, and leaves out what fails, but never most of it."""

import threading
from contextlib import ExitStack, suppress
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from homeostat.core.errors import ConfigError
from homeostat.runtime.limits.balancer import Balancer
from homeostat.testing.bare_host import BareHost
from homeostat.testing.clock import ManualClock
from homeostat.testing.threads import eager_switching

ENDPOINTS = {"a": 1, "b": 2, "c": 3, "d": 4}


def made(**arguments: float) -> tuple[Balancer[int], BareHost, ManualClock]:
    clock = ManualClock()
    host = BareHost(clock)
    rules = {"calls_min": 4, "eject_s": 5.0, "slow_s": 1.0, **arguments}
    return Balancer(host, "model", ENDPOINTS, Random(1), **rules), host, clock  # type: ignore[arg-type]


def call(balancer: Balancer[int], failing: set[int], times: int = 1) -> list[int]:
    called = []
    for _ in range(times):
        with suppress(ConnectionError), balancer.pick() as target:
            called.append(target)
            if target in failing:
                raise ConnectionError
    return called


def test_calls_that_stay_in_progress_spread_over_all_endpoints() -> None:
    balancer, _, _ = made()
    with ExitStack() as stack:
        held = [stack.enter_context(balancer.pick()) for _ in range(400)]
    assert max(map(held.count, ENDPOINTS.values())) - min(map(held.count, ENDPOINTS.values())) <= 8


def test_the_busier_of_two_is_not_chosen() -> None:
    balancer = Balancer(BareHost(), "model", {"a": "a", "b": "b"}, Random(1))
    with balancer.pick() as first:
        assert {call_one(balancer) for _ in range(50)} == {"a", "b"} - {first}


def call_one(balancer: Balancer[str]) -> str:
    with balancer.pick() as target:
        return target


def test_an_endpoint_that_fails_is_ejected_and_comes_back_by_a_probe_that_goes_well() -> None:
    balancer, host, clock = made()
    call(balancer, {3}, 200)
    assert balancer.ejected == ("c",)
    assert 3 not in call(balancer, {3}, 100)
    assert host.snapshot("balancer.ejected").last == 1
    clock.advance(5)
    assert call(balancer, {3}, 20).count(3) == 1
    clock.advance(9.9)
    assert 3 not in call(balancer, {3}, 20)
    clock.advance(0.1)
    assert call(balancer, set(), 200).count(3) > 20
    assert not balancer.ejected


def test_an_endpoint_that_is_slow_is_ejected() -> None:
    balancer, _, clock = made()
    for _ in range(100):
        with balancer.pick() as target:
            clock.advance(1.5 if target == 2 else 0.01)
    assert balancer.ejected == ("b",)


@pytest.mark.parametrize(("share", "most"), [(0.5, 2), (0.0, 0), (1.0, 3)])
def test_where_all_fail_no_more_than_the_share_is_ejected_and_never_all(share: float, most: int) -> None:
    balancer, _, _ = made(ejected_share_max=share)
    call(balancer, {1, 2, 3, 4}, 500)
    assert len(balancer.ejected) == most


@given(st.lists(st.one_of(st.floats(0.0, 8.0), st.sets(st.integers(1, 4))), max_size=60), st.floats(0.0, 1.0))
def test_whatever_fails_and_when_the_cap_holds_and_no_call_is_lost_count_of(
    steps: list[float | set[int]], share: float
) -> None:
    balancer, _, clock = made(ejected_share_max=share)
    for step in steps:
        if isinstance(step, float):
            clock.advance(step)
        else:
            call(balancer, step, 10)
        assert len(balancer.ejected) <= min(3, int(share * 4))
    assert [each.outstanding for each in balancer._endpoints] == [0] * 4


def test_many_threads_lose_count_of_no_call() -> None:
    balancer, host, _ = made()

    def worker() -> None:
        call(balancer, {3}, 500)

    with eager_switching():
        threads = [threading.Thread(target=worker) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert [each.outstanding for each in balancer._endpoints] == [0] * 4
    assert host.total("balancer.calls") == 2_000


def test_a_balancer_needs_endpoints() -> None:
    with pytest.raises(ConfigError, match="needs endpoints"):
        Balancer(BareHost(), "model", {})
