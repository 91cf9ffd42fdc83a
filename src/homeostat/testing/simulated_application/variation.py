"""Variation: a scenario made definite by a seed, so that no two runs meet quite the same numbers."""

import math
import zlib
from dataclasses import replace

import numpy as np

from homeostat.testing.simulated_application.fault import Fault
from homeostat.testing.simulated_application.parameters import Parameters
from homeostat.testing.simulated_application.scenario import Limit, Scenario
from homeostat.testing.simulated_application.truth import truth

VARIED = ("load_per_s", "size_spread", "time_spread", "drift_spread", "overhead_ms", "output_tokens")
_DEFAULTS = Parameters()


def settled(scenario: Scenario, seed: int = 0) -> Scenario:
    """Return the scenario with its parameters and faults varied, and its limits as numbers.

    Seed 0 varies nothing. Another one multiplies what `VARIED` names, the faults' times and the logarithm of
    their factors by up to `1 + vary`, up or down. Limits relative to the healthy state hold at time 0.
    """
    random = np.random.default_rng((seed, zlib.crc32(scenario.name.encode())))
    vary = scenario.vary if seed else 0.0

    def factor() -> float:
        return math.exp(vary * float(random.uniform(-1.0, 1.0)))

    own = {name: scenario.parameters.get(name, getattr(_DEFAULTS, name)) for name in VARIED}
    parameters = {**scenario.parameters, **{name: value * factor() for name, value in own.items()}}
    faults = tuple(_varied(fault, factor(), factor()) for fault in scenario.faults)
    varied = replace(scenario, parameters=parameters, faults=faults)
    healthy = truth(replace(varied, faults=()), varied.initial, 0.0)
    return replace(
        varied, limits=tuple(_absolute(limit, healthy[limit.measure.words]) for limit in varied.limits)
    )


def _varied(fault: Fault, size: float, time: float) -> Fault:
    end_s = fault.end_s if math.isinf(fault.end_s) else fault.end_s * time
    return replace(
        fault, times=fault.times**size if fault.times > 0.0 else 0.0, plus=fault.plus * size,
        begin_s=fault.begin_s * time, end_s=end_s,
    )  # fmt: skip


def _absolute(limit: Limit, healthy: float) -> Limit:
    return Limit(limit.measure, limit.bound * healthy) if limit.times_healthy else limit
