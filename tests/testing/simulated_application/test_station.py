"""The station follows queueing theory, the cache Zipf's law."""

import numpy as np
import pytest

from homeostat.testing.simulated_application.cache import hit_ratio
from homeostat.testing.simulated_application.parameters import Parameters
from homeostat.testing.simulated_application.station import station


def lone(**others: float) -> Parameters:
    """Return parameters without contention, with exponential service times."""
    spread = np.sqrt(0.5)
    return Parameters(**{"contention": 0.0, "size_spread": spread, "time_spread": spread, **others})


@pytest.mark.parametrize("utilisation", [0.2, 0.5, 0.8, 0.95])
def test_one_worker_waits_as_an_m_m_1_queue_does(utilisation: float) -> None:
    found = station(lone(workers=1), utilisation, 1.0)
    assert found.waiting == pytest.approx(utilisation**2 / (1 - utilisation), rel=0.02)
    assert found.waits == pytest.approx(utilisation, rel=0.02)


def erlang_c(workers: int, load: float) -> float:
    """Return the chance of having to wait in M/M/c, by the recursion of Erlang's B."""
    blocked = 1.0
    for n in range(1, workers + 1):
        blocked = load * blocked / (n + load * blocked)
    return workers * blocked / (workers - load * (1.0 - blocked))


@pytest.mark.parametrize(("workers", "load"), [(4, 3.2), (16, 14.0), (32, 24.0), (64, 60.0)])
def test_many_workers_wait_about_as_erlang_says(workers: int, load: float) -> None:
    found = station(lone(workers=workers), load, 1.0)
    expected = erlang_c(workers, load) * load / (workers - load)
    assert found.waiting == pytest.approx(expected, rel=0.12, abs=0.15)


def test_contention_slows_everybody_and_lowers_the_capacity() -> None:
    alone = station(lone(workers=32), 16.0, 1.0)
    crowded = station(lone(workers=32, coherency=0.002), 16.0, 1.0)
    assert crowded.pace > 1.3 * alone.pace
    assert crowded.capacity_per_s < alone.capacity_per_s


def test_batches_raise_the_capacity_and_the_time() -> None:
    one = station(lone(workers=2), 10.0, 0.5)
    eight = station(lone(workers=2, batch=8, batch_wait_ms=500, batch_marginal=0.1), 10.0, 0.5)
    assert eight.capacity_per_s > 2.5 * one.capacity_per_s
    assert eight.pace > 1.2


def test_an_overloaded_queue_is_as_long_as_it_may_be() -> None:
    found = station(lone(workers=2, queue_max=50), 10.0, 1.0)
    assert found.waiting == 50
    assert found.utilisation == pytest.approx(5.0)


def test_hits_grow_with_the_cache_as_a_simulated_lookup_says() -> None:
    parameters = Parameters(catalogue=2_000, popularity=0.9)
    weights = np.arange(1, 2_001) ** -0.9
    asked = np.random.default_rng(1).choice(2_000, size=200_000, p=weights / weights.sum())
    for held in (10, 100, 1_000):
        assert hit_ratio(parameters, held, 50.0) == pytest.approx((asked < held).mean(), abs=0.02)
    assert hit_ratio(parameters, 0, 50.0) == 0.0
