"""The shared state: what all requests of a simulated application have in common, moving through time."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from homeostat.core.knob import Configuration
from homeostat.testing.simulated_application.cache import hit_ratio
from homeostat.testing.simulated_application.parameters import Parameters
from homeostat.testing.simulated_application.requests import Requests, Shared, nominal_s
from homeostat.testing.simulated_application.scenario import Scenario
from homeostat.testing.simulated_application.station import Station, station
from homeostat.testing.simulated_application.truth import memory_pace

_FEEDBACK_S = 60.0
_RELAX_MAX_S = 120.0
"""A queue near saturation settles no more slowly than this, or than the work that comes or goes allows."""


@dataclass(frozen=True, slots=True)
class Group:
    """Requests that are handled alike: the share `weight` of all. `shadow` names the trial they copy for."""

    parameters: Parameters
    weight: float
    shadow: str = ""


class SharedState:
    """Queue, cache, memory, noise and what fades after a change. The first group is the base."""

    def __init__(self, scenario: Scenario, random: np.random.Generator) -> None:
        self._scenario = scenario
        self._random = random
        base = scenario.at(0.0, scenario.initial)
        self.lagged: dict[str, float] = {}
        self._wanted = {
            lever.sets: float(scenario.initial[lever.knob.name])
            for lever in scenario.levers
            if lever.sets and lever.lag_s > 0.0
        }
        self.lagged.update(self._wanted)
        self._held = min(base.cache_entries, base.catalogue)
        self._leaked_mb = 0.0
        self._recycled_s = 0.0
        self._waiting = 0.0
        self._tries, self._work = 1.0, 1.0
        self._disturbed: dict[str, float] = {}
        self._pace_noise, self._load_noise = self._random.standard_normal(2)

    def turned(self, before: Configuration, after: Configuration) -> None:
        """Take note of a change of the base: some knobs take their time, some disturb."""
        for lever in self._scenario.levers:
            name = lever.knob.name
            if before[name] == after[name]:
                continue
            if lever.sets in self._wanted:
                self._wanted[lever.sets] = float(after[name])
            if lever.disturbs:
                self._disturbed[name] = lever.disturbs

    def step(self, at_s: float, step_s: float, groups: Sequence[Group]) -> list[Shared]:
        """Let some seconds pass; return what each group meets in them."""
        base = groups[0].parameters
        self._drift(base, step_s)
        load = base.load_per_s * math.exp(base.load_spread * self._load_noise - 0.5 * base.load_spread**2)
        hits = self._cached(base, load, step_s)
        cpu_pace = self._memory(base, at_s, step_s) / (1.0 - min(base.cpu_steal, 0.95))
        weights = sum(group.weight for group in groups)
        service_s = sum(g.weight * nominal_s(g.parameters, 1.0, cpu_pace) for g in groups) / weights
        slow = math.exp(base.drift_spread * self._pace_noise - 0.5 * base.drift_spread**2)
        slow *= 1.0 + sum(self._disturbed.values())
        misses = load * weights * (1.0 - hits) * self._tries
        here = station(base, misses, service_s * self._work * slow)
        wait_s = self._queue(base, here, misses, step_s)
        full = self._waiting >= 0.98 * base.queue_max
        waits = min(1.0, max(here.waits, self._waiting / max(base.workers, 1.0) - 1.0, 1e-6))
        shared = Shared(
            hits=hits,
            waits=waits,
            wait_s=wait_s / waits,
            overload=min(1.0, max(0.0, (here.utilisation - 0.95) / 0.1)),
            rejected=max(0.0, 1.0 - 1.0 / here.utilisation) if full else 0.0,
            pace=here.pace * slow,
            cpu_pace=cpu_pace * here.pace * slow,
            fill_s=here.fill_s,
            load_per_s=load,
        )
        return [shared for _ in groups]

    def feed_back(self, handled: Sequence[tuple[Group, Requests]], step_s: float) -> None:
        """Learn from what requests came to how often each is tried and how long it holds a worker."""
        missed = sum(int((requests.tries > 0).sum()) for _, requests in handled)
        entered = sum(float(requests.entered.sum()) for _, requests in handled)
        if not missed:
            return
        memory = math.exp(-step_s / _FEEDBACK_S)
        tries = sum(float(requests.tries.sum()) for _, requests in handled) / missed
        self._tries = memory * self._tries + (1.0 - memory) * tries
        if entered:
            work = sum(float(requests.work.sum()) for _, requests in handled) / entered
            self._work = memory * self._work + (1.0 - memory) * min(work, 3.0)

    def _drift(self, base: Parameters, step_s: float) -> None:
        memory = math.exp(-step_s / base.drift_s)
        fresh = math.sqrt(1.0 - memory**2)
        one, other = self._random.standard_normal(2).tolist()
        self._pace_noise = memory * self._pace_noise + fresh * one
        self._load_noise = memory * self._load_noise + fresh * other
        for lever in self._scenario.levers:
            if lever.sets in self._wanted:
                arrived = 1.0 - math.exp(-step_s / lever.lag_s)
                self.lagged[lever.sets] += arrived * (self._wanted[lever.sets] - self.lagged[lever.sets])
            if lever.knob.name in self._disturbed:
                self._disturbed[lever.knob.name] *= math.exp(-step_s / lever.fades_s)

    def _cached(self, base: Parameters, load_per_s: float, step_s: float) -> float:
        """Return the share of hits; each miss fills an entry as long as there is room."""
        room = min(base.cache_entries, base.catalogue)
        self._held = min(self._held, room)
        hits = hit_ratio(base, self._held, load_per_s)
        self._held = min(room, self._held + load_per_s * (1.0 - hits) * step_s)
        return hits

    def _memory(self, base: Parameters, at_s: float, step_s: float) -> float:
        self._leaked_mb += base.leak_mb_per_h * step_s / 3600.0
        if base.recycle_min > 0.0 and at_s - self._recycled_s >= base.recycle_min * 60.0:
            self._leaked_mb, self._recycled_s = 0.0, at_s
        return memory_pace(base, self._held, self._leaked_mb)

    def _queue(self, base: Parameters, here: Station, misses: float, step_s: float) -> float:
        """Return the mean wait; the queue goes towards its steady state no faster than work comes or goes."""
        root = 1.0 - math.sqrt(min(here.utilisation, 0.999))
        relax_s = min(_RELAX_MAX_S, 1.0 / max(here.capacity_per_s * root * root, 1e-6))
        wanted = here.waiting - self._waiting
        change = wanted * (1.0 - math.exp(-step_s / relax_s))
        fastest = max(abs(here.capacity_per_s - misses), 0.05 * here.capacity_per_s) * step_s
        self._waiting += max(-fastest, min(fastest, change))
        self._waiting = max(0.0, min(self._waiting, base.queue_max, here.capacity_per_s * base.timeout_s))
        steady = min(self._waiting, here.waiting)
        left = self._waiting - steady
        pace = max(min(misses, here.capacity_per_s), 1e-9)
        return steady / pace + left / here.capacity_per_s
