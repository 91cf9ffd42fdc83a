"""The truth: what a configuration comes to once all has settled, without noise."""

from collections.abc import Iterable, Mapping

import numpy as np

from homeostat.core.knob import Configuration
from homeostat.core.objective import Guardrail, Objective
from homeostat.testing.simulated_application.cache import hit_ratio
from homeostat.testing.simulated_application.draws import EvenDraws, Floats
from homeostat.testing.simulated_application.parameters import Parameters
from homeostat.testing.simulated_application.requests import Requests, Shared, handle, nominal_s
from homeostat.testing.simulated_application.scenario import Limit, Scenario, worse_sign
from homeostat.testing.simulated_application.station import station

SIZE = 2_048
_LEAK_PHASES = (0.125, 0.375, 0.625, 0.875)
_ROUNDS = 25

Truth = Mapping[str, float]
"""Measures by their words, such as `p95 of duration`."""


def truth(scenario: Scenario, configuration: Configuration, at_s: float, size: int = SIZE) -> Truth:
    """Return what the measures come to if the application runs like this, under the conditions of a time.

    Queue and cache are in their steady state, lagging knobs have arrived, no noise is shared. Memory that
    leaks is what has leaked since the start, or since workers were last replaced. The figures are those of
    `size` evenly spread requests: deterministic, the same requests for all configurations.
    """
    parameters = scenario.at(at_s, configuration)
    leaked = leaked_mb(scenario, configuration, at_s)
    if parameters.recycle_min > 0.0 and leaked > 0.0:
        most = min(leaked, parameters.leak_mb_per_h * parameters.recycle_min / 60.0)
        levels = tuple(most * phase for phase in _LEAK_PHASES)
    else:
        levels = (leaked,)
    parts = [_settled(parameters, level, size // len(levels)) for level in levels]
    return summaries(parts, parameters.load_per_s)


def truth_over(
    scenario: Scenario, configuration: Configuration, times_s: Iterable[float], size: int = SIZE
) -> Truth:
    """Return the mean of the truth over several times."""
    found = [truth(scenario, configuration, at_s, size) for at_s in times_s]
    return {name: float(np.mean([one[name] for one in found])) for name in found[0]}


def leaked_mb(scenario: Scenario, configuration: Configuration, at_s: float) -> float:
    """Return the memory that has leaked since the start where nothing gave it back."""
    name = "leak_mb_per_h"
    faults = [
        fault
        for fault in scenario.faults
        if fault.parameter == name and all(configuration[knob] == v for knob, v in fault.when.items())
    ]
    set_to = scenario.set_by(configuration).get(name, 0.0)
    if not faults and not set_to:
        return 0.0
    leaked = 0.0
    for at in np.arange(30.0, at_s, 60.0).tolist():
        per_h = set_to
        for fault in faults:
            per_h = fault.applied(per_h, at)
        leaked += per_h / 60.0
    return leaked


def memory_pace(parameters: Parameters, entries: float, leaked: float) -> float:
    """Return how much longer the processor takes for want of memory: from three quarters on, collecting."""
    p = parameters
    used = p.memory_base_mb + p.workers * p.worker_mb + entries * p.entry_mb + leaked
    return 1.0 + 20.0 * min(max(used / p.memory_mb - 0.75, 0.0), 0.75) ** 2


def effect(objective: Objective, before: Truth, after: Truth) -> float:
    """Return the relative effect on the objective: below zero is better."""
    weights = sum(term.weight for term in objective.terms)
    total = 0.0
    for term in objective.terms:
        words = term.measure.words
        change = (after[words] - before[words]) / abs(before[words]) if before[words] else 0.0
        total += term.weight * worse_sign(term.measure) * change
    return total / weights


def broken(guardrails: Iterable[Guardrail], before: Truth, after: Truth) -> list[Guardrail]:
    """Return the guardrails that a change breaks."""
    found = []
    for guardrail in guardrails:
        words = guardrail.measure.words
        worse = worse_sign(guardrail.measure) * (after[words] - before[words])
        if worse > guardrail.worse_max * (abs(before[words]) if guardrail.relative else 1.0) + 1e-9:
            found.append(guardrail)
    return found


def excess(limits: Iterable[Limit], found: Truth) -> float:
    """Return by how much the limits are exceeded in total, relative to their bounds; 0 where all hold."""
    return sum(limit.excess(found[limit.measure.words]) for limit in limits)


def summaries(parts: list[Requests], load_per_s: float) -> Truth:
    """Return the measures of requests, by their words."""
    found: dict[str, float] = {}
    columns = {
        "duration": np.concatenate([part.duration_ms for part in parts]),
        "cost": np.concatenate([part.cost_usd for part in parts]),
        "tokens": np.concatenate([part.tokens for part in parts]),
        "errors": np.concatenate([part.errors for part in parts]),
        "quality": np.concatenate([part.quality for part in parts]),
    }
    for name, column in columns.items():
        values = column[~np.isnan(column)]
        values = values if values.size else np.zeros(1)
        found[f"mean of {name}"] = found[f"share of {name}"] = float(values.mean())
        quantiles: Floats = np.quantile(values, (0.5, 0.9, 0.95, 0.99))
        for summary, value in zip(("p50", "p90", "p95", "p99"), quantiles.tolist(), strict=True):
            found[f"{summary} of {name}"] = value
    found["mean of throughput"] = load_per_s * (1.0 - found["mean of errors"])
    return found


def _settled(parameters: Parameters, leaked: float, size: int) -> Requests:
    """Return requests in the steady state: what they cost workers and how often they are tried feeds back."""
    p, draws = parameters, EvenDraws(size)
    users = np.exp(p.user_spread * draws.normal("user") - 0.5 * p.user_spread**2) if p.user_spread else None
    hits = hit_ratio(p, p.cache_entries, p.load_per_s)
    memory = memory_pace(p, min(p.cache_entries, p.catalogue), leaked)
    cpu_pace = memory / (1.0 - min(p.cpu_steal, 0.95))
    tries, work = 1.0, 1.0
    for round_ in range(_ROUNDS):
        misses = p.load_per_s * (1.0 - hits) * tries
        here = station(p, misses, nominal_s(p, 1.0, cpu_pace) * work)
        shared = Shared(
            hits=hits,
            waits=here.waits,
            wait_s=here.waiting / max(min(misses, here.capacity_per_s), 1e-9) / max(here.waits, 1e-9),
            overload=min(1.0, max(0.0, (here.utilisation - 0.95) / 0.1)),
            rejected=max(0.0, 1.0 - 1.0 / here.utilisation) if here.waiting >= p.queue_max else 0.0,
            pace=here.pace,
            cpu_pace=cpu_pace * here.pace,
            fill_s=here.fill_s,
            load_per_s=p.load_per_s,
        )
        found = handle(p, shared, draws, users)
        missed = max(1.0 - hits, 1e-9)
        tries_now = float(found.tries.mean()) / missed
        work_now = float(found.work.sum()) / max(float(found.entered.sum()), 1.0)
        settled = abs(tries_now - tries) < 2e-3 * tries and abs(work_now - work) < 5e-3 * work
        if settled and round_:
            break
        tries, work = 0.5 * (tries + tries_now), 0.5 * (work + work_now)
    return found
