"""The scenarios of the limits are what they say, and the adaptive limit keeps their bars with other seeds."""

import asyncio
from random import Random

import pytest
from benchmarks.limits_adaptive import LAW, SCENARIOS, Scenario, goodput
from benchmarks.limits_backend import Backend
from benchmarks.limits_peers import NoLimit
from benchmarks.limits_shedding import CRITICAL, OTHERS, answered

from homeostat.runtime.limits.climbing_limit import ClimbingLimit
from homeostat.testing.virtual_time import run_virtual


def test_the_backend_comes_to_133_a_second_with_13_in_progress_and_to_less_with_more() -> None:
    assert max(range(1, 500), key=LAW.throughput) == 13
    assert LAW.throughput(13) == pytest.approx(133, abs=0.5)
    assert LAW.throughput(500) < 10


def test_the_backend_serves_what_its_law_says() -> None:
    async def main() -> float:
        backend, done, loop = Backend(LAW, Random(1)), 0, asyncio.get_running_loop()

        async def caller() -> None:
            nonlocal done
            while loop.time() < 60:
                await backend.call()
                done += 1

        await asyncio.gather(*(caller() for _ in range(30)))
        return done / loop.time()

    assert run_virtual(main()) == pytest.approx(LAW.throughput(30), rel=0.05)


@pytest.mark.long
@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda scenario: scenario.name)
def test_the_climbing_limit_keeps_the_bar_with_a_seed_that_it_was_not_made_with(scenario: Scenario) -> None:
    assert goodput(scenario, LAW, ClimbingLimit(20, lambda: 1, lambda: 1_000), 101) >= scenario.bar


@pytest.mark.long
def test_without_a_limit_an_overload_leaves_nothing() -> None:
    assert goodput(SCENARIOS[1], LAW, NoLimit(), 101) < 5


@pytest.mark.long
def test_in_an_overload_what_is_critical_is_answered() -> None:
    found = answered(101, by_priority=True)
    assert found[CRITICAL] > 0.99
    assert found[OTHERS] < 0.5
