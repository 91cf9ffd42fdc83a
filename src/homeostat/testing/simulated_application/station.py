"""The station: how long requests wait for a worker and how much they slow one another."""

import math
from dataclasses import dataclass

from homeostat.testing.simulated_application.parameters import Parameters

_ROUNDS = 60
_CROWDED = 0.97
"""The utilisation from which the queue is taken to fill up: it does so within hours, not in the mean."""


@dataclass(frozen=True, slots=True)
class Station:
    """Workers in a steady state.

    `pace` multiplies the time of a lone request, `batch` is the mean size of a batch, `fill_s` how long a
    batch is waited for. `capacity_per_s` is what the workers can do, `utilisation` the share of it that is
    asked for. `waiting` requests wait on average, the share `waits` of all.
    """

    pace: float
    batch: float
    fill_s: float
    capacity_per_s: float
    utilisation: float
    waiting: float
    waits: float


def station(parameters: Parameters, calls_per_s: float, service_s: float) -> Station:
    """Return the steady state under a load of calls that take `service_s` on their own.

    The time of a call grows with the calls in service (Gunther, Universal Scalability Law); waiting is
    Sakasegawa's approximation of M/G/c (1977), which is exact for one exponential worker.
    """
    workers = max(parameters.workers, 1.0)
    if parameters.recycle_min > 0.0:
        workers *= max(0.1, 1.0 - parameters.restart_s / (parameters.recycle_min * 60.0))
    wait_s = parameters.batch_wait_ms / 1e3
    batch = max(1.0, min(parameters.batch, 1.0 + calls_per_s * wait_s))
    together = 1.0 + (batch - 1.0) * parameters.batch_marginal
    active, pace = 0.0, 1.0
    for _ in range(_ROUNDS):
        others = max(active - 1.0, 0.0)
        pace = 1.0 + parameters.contention * others + parameters.coherency * active * others
        target = min(workers, calls_per_s / batch * service_s * pace * together)
        if abs(target - active) < 1e-3:
            break
        active += 0.6 * (target - active)
    time_s = service_s * pace * together
    capacity = workers * batch / time_s
    utilisation = calls_per_s / capacity
    power = math.sqrt(2.0 * (workers + 1.0))
    low = min(utilisation, _CROWDED)
    variability = 0.5 * (1.0 + parameters.size_spread**2 + parameters.time_spread**2)
    wait_mean_s = low ** (power - 1.0) / (workers * (1.0 - low)) * time_s * variability
    most = min(parameters.queue_max, capacity * parameters.timeout_s)
    waiting = min(calls_per_s * wait_mean_s, most)
    crowded = min(1.0, max(0.0, (utilisation - _CROWDED) / (2.0 * (1.0 - _CROWDED))))
    waiting += crowded * (most - waiting)
    return Station(
        pace=pace * together,
        batch=batch,
        fill_s=min(wait_s, (batch - 1.0) / max(calls_per_s, 1e-9)),
        capacity_per_s=capacity,
        utilisation=utilisation,
        waiting=waiting,
        waits=min(1.0, utilisation ** (power - 1.0)),
    )
