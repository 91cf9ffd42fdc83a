"""The queueing formulas against closed forms, and against a queue that is simulated."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from homeostat.stats.queueing_law import (
    Waiting,
    erlang_c,
    kingman_waiting,
    little_check,
    servers_needed,
    utilisation,
)

Floats = NDArray[np.float64]


def steady(found: Waiting | None) -> Waiting:
    assert found is not None
    return found


@given(load=st.floats(0.01, 0.99))
def test_one_random_server_is_the_textbook_queue(load: float) -> None:
    found = steady(kingman_waiting(load, 1.0))
    assert found.waiting_s == pytest.approx(load / (1.0 - load))
    assert found.probability_of_waiting == pytest.approx(load)
    assert found.queue_length == pytest.approx(load * found.waiting_s)


@given(servers=st.integers(1, 150), share=st.floats(0.05, 0.95))
def test_the_chance_of_waiting_is_erlangs_sum(servers: int, share: float) -> None:
    offered = share * servers
    logs = [k * math.log(offered) - math.lgamma(k + 1) for k in range(servers)]
    last = servers * math.log(offered) - math.lgamma(servers + 1) - math.log(1.0 - share)
    largest = max(*logs, last)
    total = sum(math.exp(x - largest) for x in logs) + math.exp(last - largest)
    assert erlang_c(offered, servers) == pytest.approx(math.exp(last - largest) / total, rel=1e-9)


def simulated_waiting(gaps: Floats, services: Floats) -> float:
    """Return the mean wait at one server by Lindley's recursion: a maximum over partial sums."""
    walk = np.concatenate(([0.0], np.cumsum(services[:-1] - gaps[1:])))
    return float(np.mean(walk - np.minimum.accumulate(walk)))


@pytest.mark.parametrize(("arrival_scv", "service_scv"), [(1.0, 1.0), (1.0, 0.0), (0.5, 0.5), (1.0, 4.0)])
def test_kingman_is_close_to_a_simulated_queue_under_heavy_load(
    arrival_scv: float, service_scv: float
) -> None:
    rng = np.random.default_rng(1)
    n, load = 2_000_000, 0.9

    def draws(mean: float, scv: float) -> Floats:
        return rng.gamma(1.0 / scv, mean * scv, n) if scv else np.full(n, mean)

    measured = simulated_waiting(draws(1.0 / load, arrival_scv), draws(1.0, service_scv))
    found = steady(kingman_waiting(load, 1.0, 1, arrival_scv, service_scv))
    assert found.waiting_s == pytest.approx(measured, rel=0.12)


def test_no_steady_state_is_none() -> None:
    assert kingman_waiting(100.0, 0.01) is None
    assert kingman_waiting(99.0, 0.01) is not None
    assert utilisation(200.0, 0.01) == pytest.approx(2.0)


@given(arrivals=st.floats(0.1, 500.0), service=st.floats(0.01, 2.0), wait=st.floats(0.001, 5.0))
def test_the_servers_needed_are_enough_and_one_less_is_not(
    arrivals: float, service: float, wait: float
) -> None:
    servers = servers_needed(arrivals, service, wait)
    assert servers is not None
    assert steady(kingman_waiting(arrivals, service, servers)).waiting_s <= wait
    fewer = kingman_waiting(arrivals, service, servers - 1) if servers > 1 else None
    assert fewer is None or fewer.waiting_s > wait


def test_more_than_the_most_servers_is_none() -> None:
    assert servers_needed(1_000.0, 1.0, 0.1, servers_max=900) is None


def test_littles_law_tells_figures_that_disagree() -> None:
    assert little_check(10.0, 0.5, 5.0).agrees
    wrong = little_check(10.0, 0.5, 10.0)
    assert not wrong.agrees
    assert wrong.relative_gap == pytest.approx(0.5)
    assert little_check(0.0, 0.5, 0.0).agrees


@pytest.mark.parametrize(
    ("arrivals", "service", "servers", "said"),
    [
        (-1.0, 1.0, 1, "arrivals"),
        (1.0, 0.0, 1, "service time"),
        (1.0, 1.0, 0, "server"),
        (math.nan, 1.0, 1, "nan"),
    ],
)
def test_a_wrong_call_names_the_value(arrivals: float, service: float, servers: int, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        utilisation(arrivals, service, servers)
