"""Queueing laws: what utilisation costs in waiting, and whether measured figures agree with each other.

Rates are a second, times in seconds; utilisation is a share of the capacity of all servers. Each answers
`None` where no steady state exists (utilisation 1 or more): there the queue only grows.
"""

import math
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Waiting:
    """A queue in steady state: means of waiting, of the whole stay, and of how many wait."""

    utilisation: float
    probability_of_waiting: float
    waiting_s: float
    residence_s: float
    queue_length: float


@dataclass(frozen=True, slots=True)
class LittleCheck:
    """Measured concurrency against arrival rate times residence (Little's law)."""

    expected: float
    measured: float
    relative_gap: float
    agrees: bool


def _checked(arrivals: float, service_s: float, servers: int) -> None:
    if not (arrivals >= 0.0 and math.isfinite(arrivals)):
        raise ValueError(f"arrivals must be a finite rate of at least 0 a second, not {arrivals}")
    if not (service_s > 0.0 and math.isfinite(service_s)):
        raise ValueError(f"the service time must be a positive number of seconds, not {service_s}")
    if servers < 1:
        raise ValueError(f"there must be at least 1 server, not {servers}")


def utilisation(arrivals: float, service_s: float, servers: int = 1) -> float:
    """Return the utilisation law's share of busy time: above 1 the work does not fit.

    Assumes only that all arrivals are served. Exact, whatever the distributions.

    >>> utilisation(50.0, 0.016, 1)
    0.8
    """
    _checked(arrivals, service_s, servers)
    return arrivals * service_s / servers


def little_check(
    arrivals: float, residence_s: float, concurrency: float, tolerance: float = 0.1
) -> LittleCheck:
    """Return whether L = lambda W holds within `tolerance` for three figures that were measured apart.

    Assumes a window long against the residence, at whose ends about as many are inside. Then it is exact
    for every system (Little 1961); a gap means that one of the three measures something else: calls that
    are not counted, a duration that stops early, retries counted twice.

    >>> little_check(10.0, 0.5, 5.2).agrees
    True
    """
    if min(arrivals, residence_s, concurrency) < 0.0:
        raise ValueError(f"none may be negative: {arrivals}, {residence_s}, {concurrency}")
    expected = arrivals * residence_s
    scale = max(expected, concurrency)
    gap = (concurrency - expected) / scale if scale > 0.0 else 0.0
    return LittleCheck(expected, concurrency, gap, abs(gap) <= tolerance)


def erlang_c(offered: float, servers: int) -> float:
    """Return the chance that an arrival waits, at an offered load of `offered` busy servers (Erlang 1917).

    By the recursion of Erlang's B, which neither over- nor underflows at any number of servers.

    >>> round(erlang_c(0.8, 1), 6), round(erlang_c(8.0, 10), 4)
    (0.8, 0.4092)
    """
    if not 0.0 <= offered < servers:
        raise ValueError(f"the offered load must be at least 0 and below {servers} servers, not {offered}")
    blocking = 1.0
    for k in range(1, servers + 1):
        blocking = offered * blocking / (k + offered * blocking)
    share = offered / servers
    return blocking / (1.0 - share * (1.0 - blocking))


def kingman_waiting(
    arrivals: float,
    service_s: float,
    servers: int = 1,
    arrival_scv: float = 1.0,
    service_scv: float = 1.0,
) -> Waiting | None:
    """Return the steady state of `servers` that share one first-come-first-served queue.

    `arrival_scv` and `service_scv` are squared coefficients of variation (variance over squared mean) of
    the times between arrivals and of service: 1 for random, 0 for constant. With both 1 it is M/M/c and
    exact; otherwise the approximation of Allen and Cunneen, which for one server is Kingman's (1961) formula:
    close under heavy load, and too high below it where arrivals are even (by a third for constant gaps
    at 70% utilisation, by 8% at 90%).

    Assumes independent times between arrivals (bursts have memory, and wait longer), no abandoning, no
    limit to the queue, and a steady state, which near utilisation 1 takes very long to come about.

    >>> round(kingman_waiting(80.0, 0.01).waiting_s, 6)
    0.04
    """
    _checked(arrivals, service_s, servers)
    if min(arrival_scv, service_scv) < 0.0:
        raise ValueError(f"a squared variation cannot be negative: {arrival_scv}, {service_scv}")
    busy = utilisation(arrivals, service_s, servers)
    if busy >= 1.0:
        return None
    waits = erlang_c(arrivals * service_s, servers)
    waiting = waits * service_s / (servers * (1.0 - busy)) * (arrival_scv + service_scv) / 2.0
    return Waiting(busy, waits, waiting, waiting + service_s, arrivals * waiting)


def servers_needed(
    arrivals: float,
    service_s: float,
    waiting_s_max: float,
    arrival_scv: float = 1.0,
    service_scv: float = 1.0,
    servers_max: int = 10_000,
) -> int | None:
    """Return the fewest servers that keep the mean wait within `waiting_s_max`; None beyond `servers_max`.

    Assumes what `kingman_waiting` does.

    >>> servers_needed(80.0, 0.1, 0.01)
    11
    """
    _checked(arrivals, service_s, 1)
    low, high = max(1, math.floor(arrivals * service_s) + 1), servers_max

    def enough(servers: int) -> bool:
        found = kingman_waiting(arrivals, service_s, servers, arrival_scv, service_scv)
        return found is not None and found.waiting_s <= waiting_s_max

    if low > high or not enough(high):
        return None
    while low < high:
        middle = (low + high) // 2
        low, high = (low, middle) if enough(middle) else (middle + 1, high)
    return low
